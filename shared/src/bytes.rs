//! Amounts of bytes as people read them. Decimal, as disks and networks are sold.

/// "870 bytes", "12 KB", "3 MB", "41 GB": never more than four digits.
#[must_use]
pub fn human_bytes(bytes: u64) -> String {
    match bytes {
        1 => "1 byte".into(),
        bytes if bytes < 10_000 => format!("{bytes} bytes"),
        bytes if bytes < 10_000_000 => format!("{} KB", bytes / 1000),
        bytes if bytes < 10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        bytes if bytes < 10_000_000_000_000 => format!("{} GB", bytes / 1_000_000_000),
        bytes => format!("{} TB", bytes / 1_000_000_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short() {
        let cases = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (9_999, "9999 bytes"),
            (10_000, "10 KB"),
            (12_345_678, "12 MB"),
            (41_000_000_000, "41 GB"),
            (u64::MAX, "18446744 TB"),
        ];
        for (bytes, words) in cases {
            assert_eq!(human_bytes(bytes), words);
        }
    }
}
