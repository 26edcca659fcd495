//! The message of a panic.

use std::any::Any;

/// Returns the text of a panic's payload, or a remark if the payload is not a string.
pub fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a payload that is not a string".to_owned())
}

#[cfg(test)]
mod tests {
    use super::panic_message;

    #[test]
    fn text_is_found_in_both_string_types() {
        assert_eq!(panic_message(&"literal"), "literal");
        assert_eq!(panic_message(&"formatted".to_owned()), "formatted");
        assert_eq!(panic_message(&7), "a payload that is not a string");
    }
}
