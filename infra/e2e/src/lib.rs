//! Journeys through real processes and a real browser.
