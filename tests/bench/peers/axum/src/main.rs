// Reverses strings over JSON with axum, on as many threads as the first argument says.
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct Strings {
    data: Vec<String>,
}

async fn reverse(Json(strings): Json<Strings>) -> Json<Strings> {
    let data = strings.data.iter().map(|text| text.chars().rev().collect()).collect();
    Json(Strings { data })
}

async fn serve() {
    let routes = Router::new()
        .route("/hello", get(|| async { "Hello, World!\n" }))
        .route("/reverse", post(reverse));
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let listener = socket.listen(4096).expect("a listening socket");
    println!("ready http={}", listener.local_addr().expect("its address"));
    axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| {
        let _ = stream.set_nodelay(true);
    }), routes).await.expect("served");
}

fn main() {
    let threads: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    let runtime = if threads == 1 {
        tokio::runtime::Builder::new_current_thread().enable_io().build()
    } else {
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_io().build()
    };
    runtime.expect("a runtime").block_on(serve());
}
