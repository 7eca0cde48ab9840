//! What this process has taken of the machine. On Linux; elsewhere nothing is known, and the figures are zero.

/// CPU time of all threads so far, in seconds.
#[must_use]
pub fn cpu_s() -> f64 {
    #[cfg(target_os = "linux")]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    }
    #[cfg(not(target_os = "linux"))]
    0.0
}

/// Forgets the peak of the memory, so that the next one is that of what follows.
pub fn reset_peak() {
    // Not allowed in some containers: the peak is that of the whole process then, which is more, not less.
    std::fs::write("/proc/self/clear_refs", "5").ok();
}

/// Most memory held since the last reset, in MB.
#[must_use]
pub fn peak_mb() -> f64 {
    status_mb("VmHWM:")
}

/// Memory held now, in MB.
#[must_use]
pub fn held_mb() -> f64 {
    status_mb("VmRSS:")
}

fn status_mb(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    kilobytes(&status, field) * 1024.0 / 1e6
}

fn kilobytes(status: &str, field: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_status() {
        let status = "Name:\tgids\nVmHWM:\t  123456 kB\nVmRSS:\t 100 kB\n";
        assert_eq!(kilobytes(status, "VmHWM:"), 123_456.0);
        assert_eq!(kilobytes(status, "VmRSS:"), 100.0);
        assert_eq!(kilobytes(status, "VmNone:"), 0.0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_takes_something() {
        assert!(held_mb() > 1.0 && peak_mb() >= held_mb() * 0.5);
        let before = cpu_s();
        let mut sum = 0.0_f64;
        for n in 0..2_000_000 {
            sum += f64::from(n).sqrt();
        }
        assert!(sum > 0.0 && cpu_s() > before);
    }
}
