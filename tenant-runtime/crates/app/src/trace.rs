//! The W3C trace that a request is part of. It goes with the task like the span of its log, decides
//! nothing, and ends up beside the request's events, so that what follows from them is part of the
//! trace as well.

use kernel::Traceparent;
use tokio::task_local;

task_local! {
    static PARENT: Option<Traceparent>;
}

/// Does work as part of a trace.
pub async fn within<F: Future>(trace: Option<Traceparent>, work: F) -> F::Output {
    PARENT.scope(trace, work).await
}

/// The trace that the present work is part of.
pub(crate) fn current() -> Option<String> {
    let text = |trace: &Option<Traceparent>| trace.as_ref().map(ToString::to_string);
    PARENT.try_with(text).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[tokio::test]
    async fn work_knows_the_trace_that_it_is_part_of() {
        assert_eq!(current(), None);
        let known = within(Traceparent::parse(GOOD), async { current() }).await;
        assert_eq!(known.as_deref(), Some(GOOD));
    }
}
