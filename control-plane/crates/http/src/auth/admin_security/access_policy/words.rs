//! Hours and countries as people write them: `Mon-Fri 08:00-18:00`, `DE, France`.

use cp_domain::{
    Country, CountrySet,
    access_policy::{Day, TimeOfDay, Window},
};

const DAYS: [(Day, &str); 7] = [
    (Day::Monday, "Mon"),
    (Day::Tuesday, "Tue"),
    (Day::Wednesday, "Wed"),
    (Day::Thursday, "Thu"),
    (Day::Friday, "Fri"),
    (Day::Saturday, "Sat"),
    (Day::Sunday, "Sun"),
];

/// The window of a line.
pub(super) fn read_window(line: &str) -> Result<Window, String> {
    let wrong = || {
        format!("“{line}” is not like “Mon-Fri 08:00-18:00”: days, a space, then from and until.")
    };
    let (days, times) = line
        .trim()
        .rsplit_once(char::is_whitespace)
        .ok_or_else(wrong)?;
    let (from, until) = times.split_once(['-', '–']).ok_or_else(wrong)?;
    let from = TimeOfDay::parse(from).map_err(|_| wrong())?;
    let until = TimeOfDay::parse(until).map_err(|_| wrong())?;
    if from == until {
        return Err(format!("“{line}” begins and ends at the same time."));
    }
    let days = read_days(days).ok_or_else(wrong)?;
    Ok(Window { days, from, until })
}

/// The line of a window.
pub(super) fn write_window(window: &Window) -> String {
    format!(
        "{} {}-{}",
        write_days(&window.days),
        window.from,
        window.until
    )
}

fn read_days(text: &str) -> Option<Vec<Day>> {
    let mut chosen = [false; 7];
    for part in text.split(',').map(str::trim) {
        if part.eq_ignore_ascii_case("daily") {
            chosen = [true; 7];
            continue;
        }
        let (first, last) = part.split_once(['-', '–']).unwrap_or((part, part));
        let (first, last) = (place(first)?, place(last)?);
        let span = (last + 7 - first) % 7;
        for step in 0..=span {
            *chosen.get_mut((first + step) % 7)? = true;
        }
    }
    let days = DAYS.iter().zip(chosen);
    Some(
        days.filter(|(_, on)| *on)
            .map(|((day, _), _)| *day)
            .collect(),
    )
}

/// The place of a day in the week, from its first three letters or its whole name.
fn place(word: &str) -> Option<usize> {
    let word = word.trim();
    let short = word.get(..3)?;
    let at = DAYS
        .iter()
        .position(|(_, name)| name.eq_ignore_ascii_case(short))?;
    let (day, _) = DAYS.get(at)?;
    let whole = format!("{day:?}");
    (word.len() == 3 || whole.eq_ignore_ascii_case(word)).then_some(at)
}

fn write_days(days: &[Day]) -> String {
    if DAYS.iter().all(|(day, _)| days.contains(day)) {
        return "Daily".to_owned();
    }
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, (day, _)) in DAYS.iter().enumerate() {
        if !days.contains(day) {
            continue;
        }
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == at => *last = at,
            _ => runs.push((at, at)),
        }
    }
    let name = |at: usize| DAYS.get(at).map_or("", |(_, name)| *name);
    let words: Vec<String> = runs
        .into_iter()
        .map(|(first, last)| {
            if first == last {
                name(first).to_owned()
            } else {
                format!("{}-{}", name(first), name(last))
            }
        })
        .collect();
    words.join(",")
}

/// The countries of a text: codes or names, separated by commas, semicolons or lines.
pub(super) fn read_countries(text: &str) -> Result<CountrySet, String> {
    let words = text.split([',', ';', '\n']).map(str::trim);
    words
        .filter(|word| !word.is_empty())
        .map(read_country)
        .collect()
}

fn read_country(word: &str) -> Result<Country, String> {
    let named = || Country::all().find(|(_, name)| name.eq_ignore_ascii_case(word));
    match Country::parse(word) {
        Ok(country) if country.name().is_some() => Ok(country),
        _ => named()
            .map(|(country, _)| country)
            .ok_or_else(|| format!("“{word}” is no country: give its two letters, such as DE.")),
    }
}

/// The codes of the countries.
pub(super) fn write_countries(countries: &CountrySet) -> String {
    let codes: Vec<String> = countries
        .iter()
        .map(|country| country.to_string())
        .collect();
    codes.join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hours_are_read_as_people_write_them() {
        for (text, again) in [
            ("Mon-Fri 08:00-18:00", "Mon-Fri 08:00-18:00"),
            ("monday 00:00–24:00", "Mon 00:00-24:00"),
            ("Sat-Mon, Wed 22:00-06:00", "Mon,Wed,Sat-Sun 22:00-06:00"),
            ("daily 09:30-17:15", "Daily 09:30-17:15"),
        ] {
            assert_eq!(write_window(&read_window(text).unwrap()), again, "{text}");
        }
        for text in [
            "",
            "Mon",
            "08:00-18:00",
            "Mon 8-18",
            "Mond 08:00-18:00",
            "Mon 08:00-08:00",
            "Mon- 08:00-18:00",
            "é 08:00-18:00",
            "Mon 18:00",
        ] {
            read_window(text).unwrap_err();
        }
    }

    #[test]
    fn countries_are_codes_or_names() {
        let countries = read_countries("de, France;\nJP,").unwrap();
        assert_eq!(write_countries(&countries), "DE, FR, JP");
        let wrong = read_countries("DE, Atlantis").unwrap_err();
        assert!(wrong.contains("Atlantis"), "{wrong}");
        read_countries("ZZ").unwrap_err();
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(on in prop::array::uniform7(any::<bool>()), from in 0_u16..24, until in 0_u16..=24) {
            prop_assume!(on.iter().any(|on| *on) && from != until);
            let days = DAYS.iter().zip(on).filter(|(_, on)| *on).map(|((day, _), _)| *day).collect();
            let time = |hour: u16| TimeOfDay::parse(&format!("{hour:02}:00")).unwrap();
            let window = Window { days, from: time(from), until: time(until) };
            prop_assert_eq!(read_window(&write_window(&window)), Ok(window));
        }

        #[test]
        fn any_text_is_answered(text in ".*") {
            let _ = read_window(&text);
            let _ = read_countries(&text);
        }
    }
}
