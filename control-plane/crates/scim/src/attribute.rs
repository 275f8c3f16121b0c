//! Attributes and what is said of them (RFC 7643 §2 and §7).

/// What kind of value an attribute has.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A text.
    Text,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// A moment.
    DateTime,
    /// A URI, with the kinds of things that it may lead to.
    Reference(&'static [&'static str]),
    /// An object of further attributes.
    Complex(&'static [Attribute]),
}

/// Who may change an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutability {
    /// The directory.
    ReadWrite,
    /// We alone.
    ReadOnly,
    /// The directory, once.
    Immutable,
}

/// When an attribute is in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// Always.
    Always,
    /// Unless left out on request.
    Default,
}

/// Among what a value is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uniqueness {
    /// It need not be.
    None,
    /// Within the tenant.
    Server,
}

/// An attribute.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Its name, as it is written in answers.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// What values it has.
    pub kind: Kind,
    /// Whether it has several.
    pub many: bool,
    /// Whether there is no resource without it.
    pub required: bool,
    /// Whether capitals count.
    pub case_exact: bool,
    /// Who may change it.
    pub mutability: Mutability,
    /// When it is answered.
    pub returned: Returned,
    /// Among what it is unique.
    pub uniqueness: Uniqueness,
    /// Words that are meant to be used.
    pub canonical: &'static [&'static str],
}

impl Attribute {
    /// An attribute of a kind; one value, may be missing, the directory's to change.
    pub(crate) const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self {
            name,
            description,
            kind,
            many: false,
            required: false,
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical: &[],
        }
    }

    /// A text.
    pub(crate) const fn text(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Text, description)
    }

    /// A truth value.
    pub(crate) const fn boolean(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Boolean, description)
    }

    /// A URI.
    pub(crate) const fn reference(
        name: &'static str,
        to: &'static [&'static str],
        description: &'static str,
    ) -> Self {
        Self::new(name, Kind::Reference(to), description).exact()
    }

    /// An object.
    pub(crate) const fn complex(
        name: &'static str,
        parts: &'static [Self],
        description: &'static str,
    ) -> Self {
        Self::new(name, Kind::Complex(parts), description)
    }

    pub(crate) const fn many(mut self) -> Self {
        self.many = true;
        self
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) const fn exact(mut self) -> Self {
        self.case_exact = true;
        self
    }

    pub(crate) const fn read_only(mut self) -> Self {
        self.mutability = Mutability::ReadOnly;
        self
    }

    pub(crate) const fn immutable(mut self) -> Self {
        self.mutability = Mutability::Immutable;
        self
    }

    pub(crate) const fn always(mut self) -> Self {
        self.returned = Returned::Always;
        self
    }

    pub(crate) const fn unique(mut self) -> Self {
        self.uniqueness = Uniqueness::Server;
        self
    }

    pub(crate) const fn one_of(mut self, words: &'static [&'static str]) -> Self {
        self.canonical = words;
        self
    }

    /// The attributes of which it consists.
    #[must_use]
    pub const fn parts(&self) -> &'static [Self] {
        match self.kind {
            Kind::Complex(parts) => parts,
            _ => &[],
        }
    }

    /// One of its parts, whatever the capitals.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&'static Self> {
        named(self.parts(), name)
    }

    /// Whether only we may change it.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.mutability == Mutability::ReadOnly
    }
}

/// A named list of attributes.
#[derive(Debug)]
pub struct Schema {
    /// Its URN.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it describes.
    pub description: &'static str,
    /// The attributes.
    pub attributes: &'static [Attribute],
}

impl Schema {
    /// One of its attributes, whatever the capitals.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        named(self.attributes, name)
    }
}

/// A kind of resource.
#[derive(Debug)]
pub struct ResourceKind {
    /// Its name.
    pub name: &'static str,
    /// Where its resources are, below the base.
    pub endpoint: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Its own schema.
    pub schema: &'static Schema,
    /// Schemas that it may have besides.
    pub extensions: &'static [&'static Schema],
}

impl ResourceKind {
    /// The extension of this URN.
    #[must_use]
    pub fn extension(&self, id: &str) -> Option<&'static Schema> {
        let mut extensions = self.extensions.iter();
        extensions
            .find(|schema| schema.id.eq_ignore_ascii_case(id))
            .copied()
    }
}

fn named(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}
