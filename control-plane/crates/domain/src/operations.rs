//! Operations: persisted plans of named steps, and what may happen to them. Pure: a worker asks
//! [`Operation::next`] what to do and writes down what came of it.

mod access;
mod machine;
mod plan;
mod state;

pub use access::FleetPermission;
pub use machine::{Next, Operation, OperationRuleError, Step, StepRun};
pub use plan::{OperationKind, StepName, UnknownOperationWord};
pub use state::{OperationState, StepState};
