//! What the class of a failure says about a write that ended with it.

use crate::registry::Class;

/// Whether a failure is the registry's as a whole, and not this write's.
pub(super) fn is_of_the_host(class: Class) -> bool {
    matches!(class, Class::Network | Class::Unavailable)
}

/// Whether the registry will not take this write, however often it is asked.
pub(super) fn is_refusal(class: Class) -> bool {
    match class {
        Class::Login
        | Class::Denied
        | Class::Immutable
        | Class::Protected
        | Class::ReadOnly
        | Class::NoWrites
        | Class::ChildMissing
        | Class::TooLarge
        | Class::MediaType
        | Class::Policy
        | Class::NotFound
        | Class::Refused => true,
        Class::RateLimited
        | Class::Unavailable
        | Class::Network
        | Class::UnknownHost
        | Class::Tls
        | Class::Proxy
        | Class::BadAnswer
        | Class::Shape
        | Class::Restless
        | Class::Unsafe
        | Class::Deadline => false,
    }
}
