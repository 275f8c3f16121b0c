//! Staff's pages over the staff API.
