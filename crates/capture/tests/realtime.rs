//! The rules of the callback (head of src/ring.rs), enforced: this program aborts on any allocation in it.

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use capture::{CallbackWriter, Read, callback_ring};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

fn every_sample_type(writer: &mut CallbackWriter) {
    writer.write(&[0.1_f32; 480]);
    writer.write(&[0.1_f64; 480]);
    writer.write(&[1_i8; 480]);
    writer.write(&[1_i16; 480]);
    writer.write(&[1_i32; 480]);
    writer.write(&[1_i64; 480]);
    writer.write(&[1_u8; 480]);
    writer.write(&[1_u16; 480]);
    writer.write(&[1_u32; 480]);
    writer.write(&[1_u64; 480]);
    writer.write(&[cpal::I24::new_unchecked(1); 480]);
    writer.write(&[cpal::U24::new_unchecked(1); 480]);
}

#[test]
fn the_callback_never_allocates() {
    for channels in [1, 2, 6] {
        let (mut writer, mut reader) = callback_ring(channels, 4_000);
        let mut out = Vec::new();
        // With room, with the ring full, with gaps waiting, and with more gaps than can wait.
        for round in 0..300 {
            assert_no_alloc(|| every_sample_type(&mut writer));
            if round % 3 == 2 {
                reader.read(&mut out, 100);
            }
        }
        // Odd sizes: nothing, less than a frame, one frame more than a piece, a burst of a second.
        let burst = vec![0.5_f32; 96_001];
        for len in [0, 1, 257 * usize::from(channels), 16_240, burst.len()] {
            assert_no_alloc(|| writer.write(&burst[..len]));
        }
        assert!(reader.lost() > 0);
        assert!(matches!(reader.read(&mut out, 100), Read::Frames(_) | Read::Lost(_)));
    }
}

/// The watchdog itself bites: without this the test above could pass for the wrong reason.
#[test]
fn an_allocation_would_be_noticed() {
    let name = "an_allocation_that_aborts";
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", name])
        .output()
        .unwrap()
        .status;
    assert!(!status.success(), "an allocation inside of the callback's guard went unnoticed");
}

#[test]
#[ignore = "aborts: run by an_allocation_would_be_noticed"]
fn an_allocation_that_aborts() {
    let boxed = assert_no_alloc(|| std::hint::black_box(Box::new(1)));
    assert_eq!(*boxed, 1);
}
