//! A tenant's colour, made readable: whatever was chosen, text and controls in it keep the
//! contrast that WCAG 2.2 asks for, in both themes.
//!
//! The policy of the pages allows no style in the markup, so the colour comes as a style sheet of
//! its own, at an address that says what is in it and is therefore kept for ever.

use std::fmt;

use actix_web::{
    HttpResponse,
    http::header,
    web::{Path, ServiceConfig, get},
};

/// Where the style sheets of colours are.
const SHEETS: &str = "/auth/brand";
/// The least contrast of text in the colour.
const CONTRAST: f64 = 4.5;
/// How much of the colour lies under what is current in the navigation, in percent.
const TINT: u16 = 14;

/// A colour of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour([u8; 3]);

const WHITE: Colour = Colour([0xff; 3]);
const BLACK: Colour = Colour([0; 3]);

/// What of a theme stands behind text.
struct Theme {
    grounds: [Colour; 2],
    on_accent: Colour,
    /// Towards what a colour becomes more readable.
    away: Colour,
}

const LIGHT: Theme = Theme {
    grounds: [WHITE, Colour([0xf6, 0xf8, 0xfa])],
    on_accent: WHITE,
    away: BLACK,
};
const DARK: Theme = Theme {
    grounds: [Colour([0x0f, 0x13, 0x18]), Colour([0x17, 0x1c, 0x23])],
    on_accent: Colour([0x0f, 0x13, 0x18]),
    away: WHITE,
};

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "{red:02x}{green:02x}{blue:02x}")
    }
}

impl Colour {
    /// The colour of `rrggbb` or `#rrggbb`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let part = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    /// The address of its style sheet.
    #[must_use]
    pub fn sheet(self) -> String {
        format!("{SHEETS}/{self}.css")
    }

    /// The style sheet: what the pages' own one leaves to a brand.
    #[must_use]
    pub fn css(self) -> String {
        let (light, dark) = (self.readable(&LIGHT), self.readable(&DARK));
        let (on_light, on_dark) = (LIGHT.on_accent, DARK.on_accent);
        format!(
            "@layer tokens {{\n  :root {{ --accent: #{light}; --on-accent: #{on_light}; \
             --brand: #{self}; }}\n  @media (prefers-color-scheme: dark) {{ :root {{ --accent: \
             #{dark}; --on-accent: #{on_dark}; }} }}\n}}\n\
             @layer layout {{ .top {{ border-block-start: .25rem solid var(--brand); }} }}\n"
        )
    }

    /// The nearest colour that can be read, and read on, everywhere in a theme.
    fn readable(self, theme: &Theme) -> Self {
        (0..=100)
            .step_by(4)
            .map(|percent| self.mix(theme.away, percent))
            .find(|colour| colour.is_readable(theme))
            .unwrap_or(theme.away)
    }

    fn is_readable(self, theme: &Theme) -> bool {
        let tinted = theme.grounds.map(|ground| ground.mix(self, TINT));
        let behind = theme.grounds.iter().chain(&tinted);
        behind
            .copied()
            .all(|ground| contrast(self, ground) >= CONTRAST)
            && contrast(self, theme.on_accent) >= CONTRAST
    }

    fn mix(self, other: Self, percent: u16) -> Self {
        let [red, green, blue] = self.0;
        let [other_red, other_green, other_blue] = other.0;
        let part = |a: u8, b: u8| {
            let mixed = u16::from(a) * (100 - percent) + u16::from(b) * percent;
            u8::try_from(mixed / 100).unwrap_or(u8::MAX)
        };
        Self([
            part(red, other_red),
            part(green, other_green),
            part(blue, other_blue),
        ])
    }

    /// WCAG's relative luminance.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        red.mul_add(0.2126, green.mul_add(0.7152, blue * 0.0722))
    }
}

fn contrast(a: Colour, b: Colour) -> f64 {
    let (a, b) = (a.luminance(), b.luminance());
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Serves the style sheets of colours.
pub fn configure(config: &mut ServiceConfig) {
    config.route(&format!("{SHEETS}/{{colour}}.css"), get().to(sheet));
}

async fn sheet(colour: Path<String>) -> HttpResponse {
    // One address for each colour.
    let Some(colour) = Colour::parse(&colour).filter(|parsed| parsed.to_string() == *colour) else {
        return HttpResponse::NotFound().finish();
    };
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(colour.css())
}

#[cfg(test)]
mod tests {
    use actix_web::{App, test};

    use super::*;

    #[::core::prelude::v1::test]
    fn every_colour_becomes_readable_in_both_themes() {
        for red in (0..=255).step_by(17) {
            for green in (0..=255).step_by(17) {
                for blue in (0..=255).step_by(17) {
                    let colour = Colour([red, green, blue]);
                    for theme in [&LIGHT, &DARK] {
                        let readable = colour.readable(theme);
                        assert!(readable.is_readable(theme), "{colour} became {readable}");
                    }
                }
            }
        }
    }

    #[::core::prelude::v1::test]
    fn a_colour_that_is_readable_stays_as_it_is() {
        let blue = Colour::parse("#0b5cad").unwrap();
        assert_eq!(blue.readable(&LIGHT), blue);
        assert!(contrast(WHITE, BLACK) > 20.9);
        assert!(
            blue.css()
                .contains("--accent: #0b5cad; --on-accent: #ffffff")
        );
    }

    #[::core::prelude::v1::test]
    fn only_six_digits_are_a_colour() {
        for wrong in ["", "#fff", "0b5cag", "0b5cad0", "é5cad", "red;} body {"] {
            assert_eq!(Colour::parse(wrong), None, "{wrong}");
        }
    }

    #[actix_web::test]
    async fn a_sheet_has_one_address() {
        let app = test::init_service(App::new().configure(configure)).await;
        for (path, status) in [
            ("/auth/brand/0b5cad.css", 200),
            ("/auth/brand/0B5CAD.css", 404),
            ("/auth/brand/nothing.css", 404),
        ] {
            let request = test::TestRequest::get().uri(path).to_request();
            let answer = test::call_service(&app, request).await;
            assert_eq!(answer.status().as_u16(), status, "{path}");
        }
    }
}
