//! What the integration tests share: the runtime, the bundled model, files of the project.
#![allow(dead_code, reason = "each test binary uses its own part of it")]

use std::{
    env,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use coding::Coder;
use ort::environment::Environment;

/// A path within the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The one environment of the process.
///
/// # Panics
/// Without the ONNX Runtime library: a test that can't run must not pass.
pub fn environment() -> &'static Environment {
    static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let path = env::var_os("ORT_DYLIB_PATH")
            .map_or_else(|| project(".cache/runtime/libonnxruntime.so"), PathBuf::from);
        assert!(path.is_file(), "no ONNX Runtime at {}: run `make setup`", path.display());
        let builder = ort::init_from(&path).expect("the library is ONNX Runtime");
        builder.with_telemetry(false).build().expect("an environment")
    })
}

/// The bundled model.
pub fn coder() -> Coder {
    Coder::load(&project("models/mi-coder"), environment()).expect("the bundled model loads")
}
