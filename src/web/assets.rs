//! stub
/// x
pub fn url(name: &str) -> String { name.to_owned() }
