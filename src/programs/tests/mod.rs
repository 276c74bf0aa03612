//! What is found in layers that were made by hand, and what any bytes must not do.

#[cfg(test)]
mod arguments;
pub(crate) mod fuzzing;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod images;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod made;
