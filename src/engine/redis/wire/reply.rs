//! A reply of the server, cut where it went past the bounds.

/// One reply, or one element of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    /// Nothing there: a missing key, an empty answer.
    Null,
    /// A whole number.
    Int(i64),
    /// A truth value (RESP3).
    Bool(bool),
    /// A floating-point number (RESP3).
    Double(f64),
    /// A whole number wider than 64 bits, in its own digits (RESP3).
    Big(String),
    /// A value, or a status word such as `OK`.
    Text(Vec<u8>),
    /// The beginning of a value that is longer than the bounds allow, and its full length.
    Cut {
        /// The first bytes.
        start: Vec<u8>,
        /// Bytes that the server sent for it.
        bytes: u64,
    },
    /// The server's refusal, with its leading code: `NOAUTH Authentication required.`
    Error(String),
    /// A list or a set. Elements past the bounds are missing; `total` counts them all.
    Array {
        /// What was kept.
        items: Vec<Self>,
        /// How many elements the server sent.
        total: u64,
    },
    /// Names and values (RESP3).
    Map(Vec<(Self, Self)>),
}

impl Reply {
    /// The bytes of a value, as far as they were kept.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Text(bytes) | Self::Cut { start: bytes, .. } => Some(bytes),
            _ => None,
        }
    }
    /// Text of a scalar; what is no UTF-8 is replaced. Empty for what is no scalar.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(bytes) | Self::Cut { start: bytes, .. } => String::from_utf8_lossy(bytes).into_owned(),
            Self::Int(number) => number.to_string(),
            Self::Double(number) => number.to_string(),
            Self::Bool(truth) => truth.to_string(),
            Self::Big(digits) => digits.clone(),
            Self::Error(words) => words.clone(),
            Self::Null | Self::Array { .. } | Self::Map(_) => String::new(),
        }
    }
    /// A whole number, also where it came as text.
    pub(crate) fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bool(truth) => Some(i64::from(*truth)),
            Self::Text(_) => self.text().trim().parse().ok(),
            _ => None,
        }
    }
    /// The elements of a list; none for anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::Array { items, .. } => items,
            _ => &[],
        }
    }
    /// Names and values: a map of RESP3, or the flat list that RESP2 has in its place.
    pub(crate) fn pairs(&self) -> Vec<(&Self, &Self)> {
        match self {
            Self::Map(pairs) => pairs.iter().map(|(name, value)| (name, value)).collect(),
            Self::Array { items, .. } => items.chunks_exact(2).map(|pair| (&pair[0], &pair[1])).collect(),
            _ => Vec::new(),
        }
    }
    /// The value of a name in [`Self::pairs`].
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.pairs().into_iter().find(|(key, _)| key.bytes() == Some(name.as_bytes())).map(|(_, value)| value)
    }
    /// Something of it was left out.
    pub(crate) fn is_cut(&self) -> bool {
        match self {
            Self::Cut { .. } => true,
            Self::Array { items, total } => (items.len() as u64) < *total || items.iter().any(Self::is_cut),
            Self::Map(pairs) => pairs.iter().any(|(name, value)| name.is_cut() || value.is_cut()),
            _ => false,
        }
    }
    /// The first word of a refusal: `NOAUTH`, `WRONGTYPE`, `ERR`; empty when it is no refusal.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Error(words) => words.split(' ').next().unwrap_or_default(),
            _ => "",
        }
    }
}
