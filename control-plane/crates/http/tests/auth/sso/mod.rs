//! Single sign-on from end to end: the routes, real servers, and a provider that does as a test
//! says. What is wrong with tokens alone is tested where the protocol is.

mod administration;
mod callbacks;
mod domains;
mod enforcement;
mod faults;
mod groups;
mod linking;
mod logout;
mod races;
pub mod scene;
mod sign_in;
mod trying;
