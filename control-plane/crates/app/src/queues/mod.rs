//! The queues of the runtime, for the staff who look after them. What is known of them, workers
//! say over the node API; what is to be done with them, workers hear in the answer.

mod backlog;
mod letters;
mod overview;
mod pauses;
mod reports;
mod upkeep;

pub use backlog::{
    BacklogQuery, ListedBacklog, ListedBacklogs, ServerOutbox, list_backlog, list_outboxes,
};
pub use cp_store::{DeadLetter, DeadLetterFilter, LetterFate, LetterGroup, QueuePause};
pub use letters::{
    DeadLetterError, Selection, count_letters, decide_letter, decide_letters, find_letter,
    group_letters, list_letters,
};
pub use overview::{QueueState, list_queues};
pub use pauses::{PauseError, pause_class, resume_class};
pub use reports::{keep_letters, report};
pub use upkeep::DeadLetterUpkeep;
