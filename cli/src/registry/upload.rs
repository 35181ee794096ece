//! To a registry: the config and the module, unless they are there, and then the manifest, which names
//! them. So nobody ever finds a manifest whose parts are missing.

use ureq::http::{Method, StatusCode};

use super::{
    Registry,
    artifact::{Artifact, MANIFEST},
    digest::Digest,
    download::{CONTENT_DIGEST, expect_digest},
    error::RegistryError,
    transport::{Content, Question},
};
use crate::output::Output;

impl Registry {
    /// Uploads a plug-in, to be found under `tag`, and returns its digest.
    ///
    /// # Errors
    ///
    /// If the registry does not take it.
    pub(crate) fn upload(
        &mut self,
        artifact: &Artifact,
        tag: &str,
        output: &Output,
    ) -> Result<Digest, RegistryError> {
        self.upload_blob(&artifact.config, output)?;
        self.upload_blob(&artifact.module, output)?;
        let digest = Digest::of(&artifact.manifest);
        let answer = self.ask(&Question {
            method: Method::PUT,
            url: self.url(&format!("manifests/{tag}")),
            accept: None,
            content: Some(Content::new(MANIFEST, &artifact.manifest)),
        })?;
        if !answer.status().is_success() {
            return Err(self.refused(answer, tag));
        }
        // It would be found under another digest than the one that people are given.
        if let Some(said) = answer.header(CONTENT_DIGEST).and_then(Digest::parse) {
            expect_digest("manifest", digest, said)?;
        }
        Ok(digest)
    }

    /// Uploads bytes that are not there yet, all at once.
    fn upload_blob(&mut self, bytes: &[u8], output: &Output) -> Result<(), RegistryError> {
        let digest = Digest::of(bytes).to_string();
        let url = self.url(&format!("blobs/{digest}"));
        let answer =
            self.ask(&Question { method: Method::HEAD, url, accept: None, content: None })?;
        match answer.status() {
            StatusCode::OK => return Ok(()),
            StatusCode::NOT_FOUND => {}
            _ => return Err(self.refused(answer, &digest)),
        }
        let answer = self.ask(&Question {
            method: Method::POST,
            url: self.url("blobs/uploads/"),
            accept: None,
            content: Some(Content::new("application/octet-stream", b"")),
        })?;
        if answer.status() != StatusCode::ACCEPTED {
            return Err(self.refused(answer, &digest));
        }
        // What the registry has in that address for itself stays there.
        let mut url = answer.location()?;
        url.query_pairs_mut().append_pair("digest", &digest);
        let progress = output.transfer_progress("Pushing", bytes.len() as u64);
        let content = Content {
            progress: progress.clone(),
            ..Content::new("application/octet-stream", bytes)
        };
        let question = Question { method: Method::PUT, url, accept: None, content: Some(content) };
        let answer = self.ask(&question);
        progress.finish_and_clear();
        let answer = answer?;
        if answer.status() == StatusCode::CREATED {
            return Ok(());
        }
        Err(self.refused(answer, &digest))
    }
}
