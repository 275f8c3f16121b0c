//! A picture that a camera reads, drawn as one path: no script and no style.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};
use web::ApiError;

/// Blank modules around the code, as its standard asks.
const QUIET: usize = 4;

/// The picture of a text, as SVG. What it shows is described by the text beside it.
pub(in crate::auth) fn qr_svg(text: &str, label: &str) -> Result<String, ApiError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|error| ApiError::internal(&error))?;
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (at % width + QUIET, at / width + QUIET);
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    let size = width + 2 * QUIET;
    Ok(format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {size} {size}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#ffffff\" d=\"M0 0h{size}v{size}h-{size}z\"/>\
         <path fill=\"#000000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_no_style_and_a_name() {
        let svg = qr_svg("otpauth://totp/Trellis:ada", "QR code").unwrap();
        assert!(svg.starts_with("<svg class=\"qr\" role=\"img\" aria-label=\"QR code\""));
        assert!(!svg.contains("style"));
        // The corner of the first finder pattern lies behind the quiet zone.
        assert!(svg.contains("d=\"M4 4h1v1h-1z"));
    }
}
