//! What a document consists of: its definitions, the size of each, and the fragments it spreads.

use std::{collections::HashSet, mem};

use super::tokens::{Token, Tokens};
use super::{
    MAX_ALIASES, MAX_ARGUMENTS, MAX_DIRECTIVES, MAX_FRAGMENTS, MAX_NESTING, MAX_TOKENS, MAX_VARIABLES,
    Refusal, within,
};

/// How much a definition asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Bytes of its tokens.
    pub bytes: usize,
    /// Selections, each counted once for every selection set that it is merged into.
    pub selections: usize,
    /// Selections of its outermost set, inline fragments written out.
    pub outermost: usize,
    /// How deep its brackets nest.
    pub nesting: usize,
}

/// A place where a fragment is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spread<'a> {
    pub fragment: &'a str,
    /// The selection set it stands in.
    pub within: Set,
    /// Brackets around it.
    pub nesting: usize,
}

/// A selection set, as far as its selections are counted by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Set {
    /// How many selection sets it is merged into: itself, and those around it up to the next field.
    pub merged: usize,
    /// Whether it is merged into its definition's outermost set.
    pub outermost: bool,
}

/// An operation or a fragment.
#[derive(Debug, Default)]
pub(super) struct Definition<'a> {
    /// The fragment's name; none for an operation.
    pub fragment: Option<&'a str>,
    pub size: Size,
    pub spreads: Vec<Spread<'a>>,
}

/// An open bracket.
#[derive(Clone, Copy)]
enum Frame {
    Selections(Set),
    /// Arguments or variables, so many yet.
    Parentheses(usize),
    Object,
    List,
}

/// What the next name in a selection set is.
#[derive(Clone, Copy, Default)]
enum Role {
    #[default]
    Field,
    /// The field's own name, after its alias.
    Aliased,
    Directive,
    Fragment,
    TypeCondition,
}

/// The definitions of a document.
pub(super) fn definitions(document: &str) -> Result<Vec<Definition<'_>>, Refusal> {
    let mut outline = Outline::default();
    let mut tokens = Tokens::of(document);
    let mut count = 0;
    while let Some(next) = tokens.next() {
        let (token, length) = next?;
        count += 1;
        within("too_many_tokens", "names, values and marks", count, MAX_TOKENS)?;
        let first = outline.current.size.bytes == 0;
        outline.current.size.bytes += length;
        match token {
            Token::Name(name) => {
                outline.word = (name, tokens.at() - length);
                outline.name(name, first)?;
            }
            Token::Spread => outline.spread(),
            Token::Mark(b'@') => outline.directive()?,
            Token::Mark(b':') => {
                let (name, at) = outline.word;
                if !outline.colon()? {
                    let what = format!("The member `{name}` stands twice in an object, again");
                    return Err(tokens.refusal_at(at, "duplicate_member", &what));
                }
            }
            Token::Mark(mark @ (b'{' | b'(' | b'[')) => outline.open(mark)?,
            Token::Mark(mark @ (b'}' | b')' | b']')) => {
                if !outline.close(mark) {
                    return Err(tokens.refusal("unbalanced_brackets", "A bracket closes none that is open"));
                }
            }
            Token::Mark(_) | Token::Value => {}
        }
    }
    if outline.frames.is_empty() {
        Ok(outline.definitions)
    } else {
        Err(tokens.refusal("unbalanced_brackets", "A bracket is still open"))
    }
}

/// Takes a document apart, token by token.
#[derive(Default)]
struct Outline<'a> {
    definitions: Vec<Definition<'a>>,
    current: Definition<'a>,
    frames: Vec<Frame>,
    /// The names of the members of each object that is open.
    members: Vec<HashSet<&'a str>>,
    /// The last name, and where it stands.
    word: (&'a str, usize),
    role: Role,
    /// Whether the next selection set belongs to an inline fragment and not to a field.
    inline: bool,
    fragments: usize,
    aliases: usize,
    directives: usize,
}

impl<'a> Outline<'a> {
    fn name(&mut self, name: &'a str, first: bool) -> Result<(), Refusal> {
        match (self.frames.last(), self.role) {
            (None, _) => return self.head(name, first),
            (Some(&Frame::Selections(set)), Role::Field) => {
                self.select(set);
                self.inline = false;
            }
            (Some(Frame::Selections(_)), Role::Fragment) if name == "on" => {
                self.role = Role::TypeCondition;
                return Ok(());
            }
            (Some(&Frame::Selections(within)), Role::Fragment) => {
                let nesting = self.frames.len();
                self.current.spreads.push(Spread { fragment: name, within, nesting });
                self.inline = false;
            }
            _ => {}
        }
        self.role = Role::Field;
        Ok(())
    }

    /// A word before the definition's selection set. The parser wants no blank after a keyword, so that
    /// `fragmentA on T {…}` defines the fragment `A`.
    fn head(&mut self, word: &'a str, first: bool) -> Result<(), Refusal> {
        let fragment = &mut self.current.fragment;
        if first {
            *fragment = word.strip_prefix("fragment");
            self.fragments += usize::from(fragment.is_some());
            within("too_many_fragments", "fragments", self.fragments, MAX_FRAGMENTS)?;
        } else if *fragment == Some("") {
            *fragment = Some(word);
        }
        // `... on` would be its spread to the parser at one place and a type condition at another.
        match *fragment {
            Some("on") => {
                Err(Refusal::new("reserved_fragment_name", "A fragment cannot have the name `on`."))
            }
            _ => Ok(()),
        }
    }

    fn select(&mut self, set: Set) {
        let size = &mut self.current.size;
        size.selections += set.merged;
        size.outermost += usize::from(set.outermost);
    }

    fn spread(&mut self) {
        if let Some(&Frame::Selections(set)) = self.frames.last() {
            self.select(set);
            self.inline = true;
            self.role = Role::Fragment;
        }
    }

    fn directive(&mut self) -> Result<(), Refusal> {
        self.role = Role::Directive;
        self.directives += 1;
        within("too_many_directives", "directives", self.directives, MAX_DIRECTIVES)
    }

    /// Follows an alias, or the name of an argument, a variable or a member, which is to be new to its object.
    fn colon(&mut self) -> Result<bool, Refusal> {
        let outermost = self.frames.len() == 1;
        match self.frames.last_mut() {
            Some(Frame::Selections(_)) => {
                self.role = Role::Aliased;
                self.aliases += 1;
                within("too_many_aliases", "aliases", self.aliases, MAX_ALIASES)?;
            }
            Some(Frame::Parentheses(variables)) if outermost => {
                *variables += 1;
                within("too_many_variables", "variables in one operation", *variables, MAX_VARIABLES)?;
            }
            Some(Frame::Parentheses(arguments)) => {
                *arguments += 1;
                within("too_many_arguments", "arguments in one place", *arguments, MAX_ARGUMENTS)?;
            }
            Some(Frame::Object) => {
                let name = self.word.0;
                return Ok(self.members.last_mut().is_none_or(|members| members.insert(name)));
            }
            _ => {}
        }
        Ok(true)
    }

    fn open(&mut self, mark: u8) -> Result<(), Refusal> {
        let frame = match (mark, self.frames.last()) {
            (b'(', _) => Frame::Parentheses(0),
            (b'[', _) => Frame::List,
            (_, None) => Frame::Selections(Set { merged: 1, outermost: true }),
            (_, Some(&Frame::Selections(around))) if self.inline => {
                Frame::Selections(Set { merged: around.merged + 1, ..around })
            }
            (_, Some(Frame::Selections(_))) => Frame::Selections(Set { merged: 1, outermost: false }),
            (_, Some(_)) => {
                self.members.push(HashSet::new());
                Frame::Object
            }
        };
        self.frames.push(frame);
        self.role = Role::Field;
        let nesting = &mut self.current.size.nesting;
        *nesting = self.frames.len().max(*nesting);
        within("nesting_too_deep", "levels of brackets", *nesting, MAX_NESTING)
    }

    /// Whether the mark closes the bracket that is open.
    fn close(&mut self, mark: u8) -> bool {
        self.role = Role::Field;
        let frame = self.frames.pop();
        if self.frames.is_empty() && mark == b'}' {
            self.definitions.push(mem::take(&mut self.current));
        }
        if matches!(frame, Some(Frame::Object)) {
            self.members.pop();
        }
        match frame {
            Some(Frame::Selections(_) | Frame::Object) => mark == b'}',
            Some(Frame::Parentheses(_)) => mark == b')',
            Some(Frame::List) => mark == b']',
            None => false,
        }
    }
}
