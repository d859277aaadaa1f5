//! QR codes, drawn.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules on each side, without which readers do not find a code.
const QUIET: i32 = 4;

/// Longest text of bytes that a QR code holds, in bytes: version 40, lowest error correction.
pub const MAX_BYTES: usize = 2953;

/// A text that fits no QR code.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0} characters do not fit a QR code, which holds {MAX_BYTES}")]
pub struct TooLong(pub usize);

/// The smallest code that the text fits, with as much error correction as it takes in that size:
/// larger modules help a camera more than redundancy in smaller ones.
fn code(text: &str) -> Result<QrCode, TooLong> {
    QrCode::encode_text(text, QrCodeEcc::Low).map_err(|_| TooLong(text.len()))
}

/// From the first to the last row or column, quiet ground included.
fn sides(code: &QrCode) -> std::ops::Range<i32> {
    -QUIET..code.size() + QUIET
}

/// An SVG document, dark on white, a unit to a module.
///
/// # Errors
/// [`TooLong`].
pub fn svg(text: &str) -> Result<String, TooLong> {
    let code = code(text)?;
    let side = sides(&code).len();
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            // Writing to a string cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

/// Lines of half blocks, two rows of modules to a line; what is light is filled, so that it is
/// right where letters are light on dark.
///
/// # Errors
/// [`TooLong`].
pub fn text(text: &str) -> Result<String, TooLong> {
    let code = code(text)?;
    let light = |x, y| y < code.size() + QUIET && !code.get_module(x, y);
    let mut lines = String::new();
    for y in sides(&code).step_by(2) {
        for x in sides(&code) {
            lines.push(match (light(x, y), light(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        lines.push('\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader of QR codes that is not ours makes of a drawing.
    fn read(side: usize, dark: impl Fn(usize, usize) -> bool) -> String {
        // A module is several pixels wide on every picture that is read.
        const PIXELS: usize = 4;
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(side * PIXELS, side * PIXELS, |x, y| {
                if dark(x / PIXELS, y / PIXELS) { 0 } else { 255 }
            });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "a code is found");
        grids[0].decode().unwrap().1
    }

    fn read_text(drawing: &str) -> String {
        let lines: Vec<Vec<char>> = drawing.lines().map(|line| line.chars().collect()).collect();
        let side = lines[0].len();
        assert!(lines.iter().all(|line| line.len() == side));
        assert_eq!(lines.len(), side.div_ceil(2));
        read(side, |x, y| {
            let light = if y % 2 == 0 {
                ['█', '▀']
            } else {
                ['█', '▄']
            };
            !light.contains(&lines[y / 2][x])
        })
    }

    fn read_svg(drawing: &str) -> String {
        let document = roxmltree::Document::parse(drawing).unwrap();
        let mut parts = document.root_element().children();
        let ground = parts.next().unwrap();
        assert_eq!(ground.attribute("fill"), Some("#fff"));
        let side: usize = ground.attribute("width").unwrap().parse().unwrap();
        let path = parts.next().unwrap();
        assert_eq!(path.attribute("fill"), Some("#000"));
        let mut dark = vec![vec![false; side]; side];
        for module in path.attribute("d").unwrap().split_terminator("h1v1h-1z") {
            let (x, y) = module.strip_prefix('M').unwrap().split_once(' ').unwrap();
            dark[y.parse::<usize>().unwrap()][x.parse::<usize>().unwrap()] = true;
        }
        read(side, |x, y| dark[y][x])
    }

    #[test]
    fn another_reader_reads_both_drawings_from_the_shortest_to_the_longest() {
        for length in [1, 20, 300, 700, 1500, MAX_BYTES] {
            let said: String = "qQ+/9=z".chars().cycle().take(length).collect();
            assert_eq!(read_text(&text(&said).unwrap()), said, "{length}");
            assert_eq!(read_svg(&svg(&said).unwrap()), said, "{length}");
        }
    }

    #[test]
    fn what_fits_no_code_is_refused() {
        let long = "q".repeat(MAX_BYTES + 1);
        assert_eq!(text(&long), Err(TooLong(MAX_BYTES + 1)));
        assert_eq!(svg(&long), Err(TooLong(MAX_BYTES + 1)));
    }
}
