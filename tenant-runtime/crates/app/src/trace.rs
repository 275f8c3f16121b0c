//! The W3C trace that a request is part of. It goes with the task like the span of its log, decides
//! nothing, and ends up beside the request's events, so that what follows from them is part of the
//! trace as well.

use tokio::task_local;

task_local! {
    static PARENT: Option<String>;
}

/// The length of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// Does work as part of the trace that a `traceparent` names; one that is malformed is none.
pub async fn within<F: Future>(traceparent: Option<&str>, work: F) -> F::Output {
    let parent = traceparent.filter(|text| is_proper(text));
    PARENT.scope(parent.map(str::to_owned), work).await
}

/// The trace that the present work is part of.
pub(crate) fn current() -> Option<String> {
    PARENT.try_with(Clone::clone).ok().flatten()
}

/// Whether the text is `00-{32 hex}-{16 hex}-{2 hex}`, in lower case, with ids that are not zero.
fn is_proper(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut hex = |length: usize| {
        let part = parts.next().unwrap_or_default();
        let digits = part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (part.len() == length && digits).then_some(part)
    };
    let version = hex(2) == Some("00");
    let ids = [hex(32), hex(16)]
        .into_iter()
        .all(|id| id.is_some_and(|id| id.bytes().any(|b| b != b'0')));
    text.len() == LENGTH && version && ids && hex(2).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[tokio::test]
    async fn work_knows_the_trace_that_it_is_part_of() {
        assert_eq!(current(), None);
        let known = within(Some(GOOD), async { current() }).await;
        assert_eq!(known.as_deref(), Some(GOOD));
    }

    #[tokio::test]
    async fn what_is_no_traceparent_is_none() {
        let zero = "0".repeat(32);
        for bad in [
            "",
            "laundry",
            &GOOD.to_uppercase(),
            &GOOD.replacen("00-", "01-", 1),
            &GOOD.replacen("0af7651916cd43dd8448eb211c80319c", &zero, 1),
            &format!("{GOOD}-more"),
            &GOOD[..54],
            &GOOD.replace('b', "g"),
        ] {
            assert_eq!(within(Some(bad), async { current() }).await, None, "{bad}");
        }
    }
}
