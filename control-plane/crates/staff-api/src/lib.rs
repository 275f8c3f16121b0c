//! Request and answer types of the staff API and its typed client.
