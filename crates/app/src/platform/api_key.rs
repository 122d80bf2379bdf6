//! `issueApiKey` and `revokeApiKey`.

use domain::platform::{
    api_key::{self, ApiKey},
    membership::MembershipRole,
    user::User,
};
use kernel::{
    Code, Error, Of, Result, Value, Violation,
    change::NewRecord,
    system,
    time::Instant,
    value::{Choices, FieldType},
};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    command::{Command, Output, OutputKind, Produced, Product, Spec, record},
    schema,
    unit_of_work::UnitOfWork,
};

/// The input of `issueApiKey`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssueApiKey {
    /// The key's name, which says what it is for.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The id of the user on whose behalf the key acts.
    user_id: String,
    /// The role that the key acts with.
    #[schema(schema_with = role)]
    role: String,
    /// The time the key expires, as an RFC 3339 instant. Default: never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

fn role() -> utoipa::openapi::schema::Object {
    schema::one_of("The role that the key acts with.", MembershipRole::ALL.iter().map(|choice| choice.name))
}

impl Command for IssueApiKey {
    const SPEC: Spec = Spec::new(
        "apiKey",
        "issueApiKey",
        "issue",
        "Issues a key. Its secret is shown once, in this answer; Kith keeps only a hash of it.",
        &[
            record("apiKey", "apiKey", "The key, without its secret."),
            Output { name: "secret", kind: OutputKind::Text, doc: "The key's secret, shown this once." },
        ],
    )
    .creating();
    type On = ();

    async fn run(self, work: &mut UnitOfWork, (): ()) -> Result<Produced> {
        let user = work.referenced::<User>("userId", &self.user_id).await?.id();
        let role = MembershipRole::read(&Value::Text(self.role));
        let role = role.ok_or_else(|| {
            Violation::new(Code::UnknownValue, "/role", "role is one of OWNER, AGENT, READ_ONLY")
        })?;
        let wrong =
            || Violation::new(Code::WrongType, "/expiresAt", "expiresAt: an RFC 3339 instant is expected");
        let expires = self.expires_at.map(|text| Instant::parse(&text).ok_or_else(wrong)).transpose()?;
        if expires.is_some_and(|end| end < work.now()) {
            let detail = "expiresAt must not be in the past";
            return Err(Violation::new(Code::OutOfRange, "/expiresAt", detail).into());
        }
        let key = NewRecord::<ApiKey>::new()
            .with(api_key::NAME, self.name)
            .with(api_key::USER, user)
            .with(api_key::ROLE, role)
            .with(api_key::EXPIRES_AT, expires);
        let (key, secret) = issue(work, key).await?;
        Ok(vec![key.into(), Product::Text(secret)])
    }
}

/// Makes a key, and gives its secret.
pub(super) async fn issue(work: &mut UnitOfWork, key: NewRecord<ApiKey>) -> Result<(Of<ApiKey>, String)> {
    let id = work.kith.context().ids.next(work.now());
    let new = work.kith.new_key(work.actor().workspace, id)?;
    let key = work.make(key.with(system::ID, id).with(api_key::HINT, new.hint)).await?;
    work.transaction.keep_key_hash(id, &new.hash).await?;
    Ok((key, new.secret))
}

/// The input of `revokeApiKey`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevokeApiKey {}

impl Command for RevokeApiKey {
    const SPEC: Spec = Spec::new(
        "apiKey",
        "revokeApiKey",
        "revoke",
        "Revokes the key: from now on nobody can use it.",
        &[record("apiKey", "apiKey", "The revoked key.")],
    );
    type On = Of<ApiKey>;

    async fn run(self, work: &mut UnitOfWork, before: Of<ApiKey>) -> Result<Produced> {
        if before.get(api_key::REVOKED_AT).is_some() {
            return Err(Error::new(Code::IllegalState, "the key is revoked already"));
        }
        let now = work.now();
        let revoked = work.change(before, |key| key.set(api_key::REVOKED_AT, now));
        Ok(vec![revoked.await?.into()])
    }
}
