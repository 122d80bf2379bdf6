//! `startImport`.

use domain::platform::file::{self, File};
use kernel::{Code, Error, Of, Result, Violation, id::TypeId};
use serde::Deserialize;
use serde_json::Value as Json;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    job::ImportFile, mapping::Mapping, mapping_error::MappingError, mapping_file::MAX_MAPPING_BYTES,
    source::Format, target::Target,
};
use crate::{
    command::{Command, Produced, Spec},
    schema,
    unit_of_work::UnitOfWork,
};

/// The input of `startImport`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartImport {
    /// The object of the rows' records: `contact`.
    object: String,
    /// The id of the stored file to import.
    file_id: String,
    /// The format of the file.
    #[schema(schema_with = format)]
    format: Option<String>,
    /// The mapping of columns to fields, and how existing records are matched.
    #[schema(value_type = Object)]
    mapping: Json,
    /// Whether it is a dry run, which writes nothing; the job tells what would have been. Default: `false`.
    dry_run: Option<bool>,
}

fn format() -> utoipa::openapi::schema::Object {
    let doc =
        "The format of the file: `CSV`, with a header row, or `JSON_LINES`. Default: by the file's name.";
    schema::one_of(doc, ["CSV", "JSON_LINES"])
}

impl Command for StartImport {
    const SPEC: Spec = Spec::starting_job(
        "job",
        "startImport",
        "import",
        "Starts to import a stored file: each row creates a record, or changes the one that the mapping \
         recognises in it. A row with errors is left out and told of in the job's `errors`, of which the first \
         10 000 are kept; the others are written all the same.",
    )
    .creating();
    type On = ();

    async fn run(self, work: &mut UnitOfWork, (): ()) -> Result<Produced> {
        let file = work.referenced::<File>("fileId", &self.file_id).await?;
        let (format, mapping) = (self.format(&file)?, self.mapping()?);
        let kith = work.kith.clone();
        if kith.object(&self.object).is_err() {
            let detail = format!("there is no object {}", self.object);
            return Err(Violation::new(Code::UnknownValue, "/object", detail).into());
        }
        Target::new(&kith, work.actor(), &self.object, mapping, "/mapping")?;
        let import = ImportFile {
            object: self.object,
            file_id: TypeId { prefix: &file.object.prefix, uuid: file.id() }.to_string(),
            format,
            mapping: self.mapping,
            dry_run: self.dry_run.unwrap_or_default(),
        };
        let job = work.start_job(&import).await?;
        Ok(vec![job.into()])
    }
}

impl StartImport {
    fn format(&self, file: &Of<File>) -> Result<Format> {
        let name = file.get(file::NAME).unwrap_or_default();
        let by_name = || name.rsplit_once('.').and_then(|(_, ending)| Format::from_extension(ending));
        match &self.format {
            Some(name) => Format::from_name(name).ok_or_else(|| {
                Violation::new(Code::UnknownValue, "/format", "format is one of CSV, JSON_LINES").into()
            }),
            None => by_name().ok_or_else(|| {
                let detail = "format is required where the file's name ends in none of csv, jsonl, ndjson";
                Violation::new(Code::Required, "/format", detail).into()
            }),
        }
    }

    fn mapping(&self) -> Result<Mapping> {
        if self.mapping.to_string().len() > MAX_MAPPING_BYTES {
            let detail = format!("a mapping may have {} KiB", MAX_MAPPING_BYTES / 1024);
            return Err(Violation::new(Code::OutOfRange, "/mapping", detail).into());
        }
        let wrong = |MappingError { pointer, message, .. }: MappingError| {
            Violation::new(Code::Invalid, format!("/mapping{pointer}"), message)
        };
        Mapping::from_value(self.mapping.clone()).map_err(|mut error| {
            let others = std::mem::take(&mut error.others);
            Error::invalid(std::iter::once(error).chain(others).map(wrong).collect())
        })
    }
}
