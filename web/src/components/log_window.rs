//! Which lines of a long output are on screen: arithmetic of scroll position and line numbers. Touches no element.

/// Height of one line in CSS pixels; `--log-line` in `run.css` says the same.
pub(crate) const LINE: f64 = 24.0;

/// Browsers cut elements off beyond some 17 million pixels; above this height a pixel stands for more than a pixel.
const MOST_PIXELS: f64 = 10_000_000.0;

/// Lines drawn above and below what is seen.
const SPARE: usize = 30;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    /// Index of the first line drawn.
    pub(crate) first: usize,
    /// One past the last line drawn.
    pub(crate) end: usize,
    /// Where the first line drawn begins, in pixels from the top.
    pub(crate) top: f64,
}

/// Height of all lines together.
#[must_use]
pub(crate) fn height(lines: usize) -> f64 {
    (count(lines) * LINE).min(MOST_PIXELS)
}

/// What to draw at a scroll position in a box of `view` pixels.
#[must_use]
pub(crate) fn window(lines: usize, scroll: f64, view: f64) -> Window {
    let seen = first_seen(lines, scroll, view);
    let first = whole(seen).saturating_sub(SPARE);
    let end = (whole(seen) + whole(view / LINE) + 2 + SPARE).min(lines);
    Window { first: first.min(lines), end, top: (scroll - (seen - count(first)) * LINE).max(0.0) }
}

/// The scroll position that shows a line in the upper third.
#[must_use]
pub(crate) fn scroll_to(lines: usize, line: usize, view: f64) -> f64 {
    let wanted = (count(line) - view / LINE / 3.0).max(0.0);
    if count(lines) * LINE <= MOST_PIXELS {
        return wanted * LINE;
    }
    let hidden = (count(lines) - view / LINE).max(1.0);
    (wanted / hidden).min(1.0) * (MOST_PIXELS - view)
}

/// The line at the top of the box, with its fraction.
fn first_seen(lines: usize, scroll: f64, view: f64) -> f64 {
    if count(lines) * LINE <= MOST_PIXELS {
        return (scroll / LINE).max(0.0);
    }
    let hidden = (count(lines) - view / LINE).max(0.0);
    (scroll / (MOST_PIXELS - view)).clamp(0.0, 1.0) * hidden
}

fn count(lines: usize) -> f64 {
    lines as f64
}

fn whole(lines: f64) -> usize {
    lines.max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_log_maps_pixels_to_lines() {
        let seen = window(1000, 2000.0, 400.0);
        assert_eq!((seen.first, seen.end), (53, 131));
        assert!((seen.top - 1272.0).abs() < 0.01);
        assert_eq!(window(3, 0.0, 400.0), Window { first: 0, end: 3, top: 0.0 });
        assert_eq!(window(0, 0.0, 400.0), Window { first: 0, end: 0, top: 0.0 });
    }

    #[test]
    fn a_million_lines_end_where_the_box_ends() {
        let (n, view) = (1_000_000, 400.0);
        let bottom = window(n, height(n) - view, view);
        assert_eq!(bottom.end, n);
        let end_of_last = bottom.top + (count(bottom.end - bottom.first)) * LINE;
        assert!((end_of_last - height(n)).abs() < 1.0, "{end_of_last}");
        let at = scroll_to(n, 500_000, view);
        let shown = window(n, at, view);
        assert!(shown.first <= 500_000 && shown.end > 500_000);
    }
}
