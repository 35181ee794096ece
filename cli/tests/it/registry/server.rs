//! A registry of the tests' own, on loopback, which follows the distribution specification as far as the
//! command needs it, and does wrong what a test tells it to.
//!
//! Connections are served one request each. Every request is noted, with who it said it was from.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

/// The name and the password that open the registry, and the token that they are exchanged for.
pub(super) const USER: &str = "ada:secret";
pub(super) const TOKEN: &str = "token-for-ada";

/// What stands in the header of a manifest.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What a registry wants to know of who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    Open,
    Basic,
    /// A token, of the server's own or of another.
    Bearer,
}

/// A request, as it came.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// With what is behind the `?`.
    pub(super) path: String,
    pub(super) authorization: Option<String>,
    pub(super) body: Vec<u8>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// A status, headers, and a body with its length.
    Whole(u16, Vec<(String, String)>, Vec<u8>),
    /// The same, of whose body only so many bytes come before the server hangs up.
    Short(u16, Vec<(String, String)>, Vec<u8>, usize),
    /// A body that goes on as long as anybody reads it.
    Endless,
    /// Nothing, until the client gives up.
    Silence,
    /// A head, some bytes of a body, and then the same.
    Stall(Vec<u8>),
}

impl Reply {
    pub(super) fn status(status: u16) -> Self {
        Self::Whole(status, Vec::new(), Vec::new())
    }

    pub(super) fn with(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self::Whole(status, headers.iter().map(owned).collect(), body.into())
    }

    pub(super) fn redirect(to: &str) -> Self {
        Self::with(307, &[("Location", to)], "")
    }
}

/// What answers a request otherwise than a registry should, if it does.
type Mischief = Box<dyn Fn(&Request) -> Option<Reply> + Send>;

/// A registry that listens as long as the process lives.
pub(super) struct Server {
    /// Host and port.
    pub(super) name: String,
    state: Arc<Mutex<State>>,
}

struct State {
    name: String,
    door: Door,
    /// Where the challenge says that tokens are to be had.
    realm: String,
    blobs: BTreeMap<String, Vec<u8>>,
    /// Bytes by tag and by digest.
    manifests: BTreeMap<String, Vec<u8>>,
    requests: Vec<Request>,
    mischief: Option<Mischief>,
}

impl Server {
    /// Starts a registry.
    pub(super) fn start(door: Door) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let name = listener.local_addr().expect("it is bound").to_string();
        let state = Arc::new(Mutex::new(State {
            realm: format!("http://{name}/token"),
            name: name.clone(),
            door,
            blobs: BTreeMap::new(),
            manifests: BTreeMap::new(),
            requests: Vec::new(),
            mischief: None,
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &state));
            }
        });
        Self { name, state }
    }

    /// Has requests answered otherwise, from now on.
    pub(super) fn misbehave(&self, how: impl Fn(&Request) -> Option<Reply> + Send + 'static) {
        self.state().mischief = Some(Box::new(how));
    }

    /// Has requests answered as they should be.
    pub(super) fn behave(&self) {
        self.state().mischief = None;
    }

    /// Has the challenge name another place for tokens.
    pub(super) fn set_realm(&self, realm: &str) {
        realm.clone_into(&mut self.state().realm);
    }

    /// Puts a manifest under a tag.
    pub(super) fn put_manifest(&self, tag: &str, manifest: impl Into<Vec<u8>>) {
        self.state().put_manifest(tag, manifest.into());
    }

    pub(super) fn manifest(&self, tag: &str) -> Vec<u8> {
        self.state().manifests[tag].clone()
    }

    /// Puts bytes, and returns their digest.
    pub(super) fn put_blob(&self, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        self.state().blobs.insert(digest.clone(), bytes.to_vec());
        digest
    }

    pub(super) fn blob(&self, digest: &str) -> Vec<u8> {
        self.state().blobs[digest].clone()
    }

    /// Returns the requests so far, and forgets them.
    pub(super) fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.state().requests)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Reply {
        self.requests.push(request.clone());
        if let Some(reply) = self.mischief.as_ref().and_then(|mischief| mischief(request)) {
            return reply;
        }
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        if path == "/token" {
            return token(request);
        }
        if !self.lets_in(request) {
            let challenge = match self.door {
                Door::Basic => "Basic realm=\"tests\"".to_owned(),
                _ => format!("Bearer realm=\"{}\",service=\"tests\"", self.realm),
            };
            let body = r#"{"errors": [{"code": "UNAUTHORIZED", "message": "who are you?"}]}"#;
            return Reply::with(401, &[("WWW-Authenticate", &challenge)], body);
        }
        let Some((_, rest)) = path.split_once("/v2/tests/") else { return Reply::status(404) };
        match (request.method.as_str(), rest) {
            ("POST", "blobs/uploads/") => {
                Reply::with(202, &[("Location", "/v2/tests/blobs/uploads/1?state=a%2Fb")], "")
            }
            ("PUT", "blobs/uploads/1") => self.put_upload(query, &request.body),
            ("PUT", _) => match rest.strip_prefix("manifests/") {
                Some(tag) => {
                    let digest = self.put_manifest(tag, request.body.clone());
                    Reply::with(201, &[("Docker-Content-Digest", &digest)], "")
                }
                None => Reply::status(404),
            },
            ("GET" | "HEAD", _) => self.find(rest),
            _ => Reply::status(405),
        }
    }

    fn lets_in(&self, request: &Request) -> bool {
        let opens = match self.door {
            Door::Open => return true,
            Door::Basic => format!("Basic {}", STANDARD.encode(USER)),
            Door::Bearer => format!("Bearer {TOKEN}"),
        };
        request.authorization == Some(opens)
    }

    fn put_upload(&mut self, query: &str, body: &[u8]) -> Reply {
        let digest = digest(body);
        let expected = format!("state=a%2Fb&digest={}", digest.replace(':', "%3A"));
        if query != expected {
            return Reply::with(400, &[], r#"{"errors": [{"code": "DIGEST_INVALID"}]}"#);
        }
        self.blobs.insert(digest, body.to_vec());
        Reply::with(201, &[("Location", &format!("http://{}/elsewhere", self.name))], "")
    }

    fn put_manifest(&mut self, tag: &str, manifest: Vec<u8>) -> String {
        let digest = digest(&manifest);
        self.manifests.insert(tag.to_owned(), manifest.clone());
        self.manifests.insert(digest.clone(), manifest);
        digest
    }

    fn find(&self, rest: &str) -> Reply {
        let manifest = rest.strip_prefix("manifests/").and_then(|name| self.manifests.get(name));
        if let Some(manifest) = manifest {
            let digest = digest(manifest);
            let headers = [("Content-Type", MANIFEST), ("Docker-Content-Digest", &digest)];
            return Reply::with(200, &headers, manifest.clone());
        }
        match rest.strip_prefix("blobs/").and_then(|name| self.blobs.get(name)) {
            Some(blob) => Reply::with(200, &[], blob.clone()),
            None => Reply::with(404, &[], r#"{"errors": [{"code": "NAME_UNKNOWN"}]}"#),
        }
    }
}

/// Gives a token to those whom the registry lets in.
fn token(request: &Request) -> Reply {
    let by_password = format!("Basic {}", STANDARD.encode(USER));
    let by_token = request.body.windows(13).any(|part| part == b"refresh-token");
    if request.authorization.as_ref() == Some(&by_password) || by_token {
        let body = format!(r#"{{"token": "{TOKEN}", "expires_in": 60}}"#);
        return Reply::with(200, &[], body);
    }
    Reply::with(401, &[], r#"{"errors": [{"message": "no token for you"}]}"#)
}

/// Returns the digest of bytes, as registries write it.
pub(super) fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().fold("sha256:".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}

/// Serves one request. Clients hang up when they please.
fn serve(stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let request = read(&mut reader)?;
    let reply = state.lock().unwrap_or_else(PoisonError::into_inner).answer(&request);
    let mut stream = reader.into_inner();
    let is_head = request.method == "HEAD";
    match reply {
        Reply::Whole(status, headers, body) => {
            write_head(&mut stream, status, &headers, Some(body.len()))?;
            if !is_head {
                stream.write_all(&body).ok()?;
            }
        }
        Reply::Short(status, headers, body, len) => {
            write_head(&mut stream, status, &headers, Some(body.len()))?;
            stream.write_all(&body[..len]).ok()?;
        }
        Reply::Endless => {
            write_head(&mut stream, 200, &[("Content-Type".into(), MANIFEST.into())], None)?;
            while stream.write_all(&[b' '; 1 << 14]).is_ok() {}
        }
        Reply::Silence => wait(&mut stream),
        Reply::Stall(body) => {
            write_head(&mut stream, 200, &[], Some(body.len()))?;
            stream.write_all(&body[..body.len() / 2]).ok()?;
            wait(&mut stream);
        }
    }
    Some(())
}

/// Waits for the client to hang up.
fn wait(stream: &mut TcpStream) {
    // In whatever way it does.
    let _ = stream.read(&mut [0]);
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let (mut authorization, mut len) = (None, 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => authorization = Some(value.to_owned()),
            "content-length" => len = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, authorization, body })
}

fn write_head(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(String, String)],
    len: Option<usize>,
) -> Option<()> {
    let mut head = format!("HTTP/1.1 {status} Said\r\nConnection: close\r\n");
    let len = len.map(|len| ("Content-Length".to_owned(), len.to_string()));
    for (name, value) in headers.iter().chain(&len) {
        write!(head, "{name}: {value}\r\n").expect("a string takes any text");
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).ok()
}
