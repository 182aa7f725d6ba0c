// What an operator may see and do, as one interface over plain structs; the gRPC admin service
// speaks to this and to nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/control/connection_state.h"
#include "server/control/settings_port.h"

namespace baton::control {

class CaptureReader;
class OperationBook;
class StatusFeed;
struct CaptureAsk;
struct Caller;

// Counts every change that an operator has made since start. An update that names the generation it
// is based on fails with kAborted when it is no longer the current one.
using Generation = std::uint64_t;

struct PoolState {
  int size = 0;  // wanted workers
  int busy = 0;
  int idle = 0;
  int retiring = 0;  // told to go, finishing what they run
  int zombies = 0;   // run what nobody waits for any more, far beyond what it is known to take
  Generation generation = 0;
};

struct PoolUpdate {
  std::optional<int> size;  // 1 to 1024
  std::optional<Generation> expected_generation;
  bool validate_only = false;
};

// Requests that run as one.
struct BatchSettings {
  int max_size = 1;                       // 1 to 1024; 1: each runs alone
  Duration max_delay = Duration::zero();  // how long the first may wait for more; 0 to 1 s
};

// What is answered instead of a miss.
struct FallbackSettings {
  std::string kind = "none";            // "none", "constant", "last_good" or "model"
  std::string constant;                 // of "constant": a JSON object
  std::string key_header;               // of "last_good": the request header whose value is the key
  Duration max_age = Duration::zero();  // of "last_good": 1 ms to 24 h
  std::uint64_t max_bytes = 0;          // of "last_good": 1 KiB to 1 GiB
  std::string model;                    // of "model": the endpoint of a cheaper model
};

// What the server has learned of an endpoint; zero while it has not.
struct EstimateState {
  Duration mean = Duration::zero();
  Duration q50 = Duration::zero();
  Duration q95 = Duration::zero();
  Duration q99 = Duration::zero();
  Duration predicted_wait = Duration::zero();  // of a default request that came now
  std::uint64_t samples = 0;
  bool cold = true;  // too little is known: requests may not queue
};

struct EndpointState {
  std::string name;
  std::string kind;                   // "model", "route" or "test"
  std::vector<std::string> versions;  // of a model
  Duration default_budget = Duration::zero();
  Duration max_budget = Duration::zero();
  double slo_target = 0.99;             // share of requests to be predictions in their budget
  std::string criticality = "default";  // "critical", "default" or "sheddable"
  int max_workers = 0;                  // quota of the pool, 1 to 1024; 0: the server's choice
  int min_workers = 0;                  // below as many it is served first; 0 to 1024
  BatchSettings batch;
  FallbackSettings fallback;
  EstimateState estimate;
  std::uint64_t requests_total = 0;
  std::uint64_t misses_total = 0;
  std::uint64_t in_flight = 0;
  Generation generation = 0;
};

struct EndpointUpdate {
  std::string name;
  std::optional<Duration> default_budget;  // 1 ms to the maximum
  std::optional<Duration> max_budget;      // 1 ms to 1 h
  std::optional<double> slo_target;        // 0.95 to 0.99999
  std::optional<std::string> criticality;
  std::optional<int> max_workers;
  std::optional<int> min_workers;
  std::optional<int> batch_max_size;
  std::optional<Duration> batch_max_delay;
  std::optional<FallbackSettings> fallback;  // whole; what its kind does not use is ignored
  std::optional<Generation> expected_generation;
  bool validate_only = false;
};

// One answer that was no prediction in time. Offsets count from the arrival; none where it never
// happened.
struct MissState {
  std::uint64_t request_id = 0;
  std::string endpoint;
  std::int64_t arrived_unix_ms = 0;
  Duration budget = Duration::zero();
  std::string answer;                         // "refused"
  std::string cause;                          // "no_time"
  std::string criticality;                    // "default"
  std::optional<Duration> predicted_wait;     // what admission believed
  std::optional<Duration> most_wait;          // longer, and it was not let in
  std::optional<Duration> predicted_service;  // and set aside for the run
  std::optional<Duration> admitted;
  std::optional<Duration> started;
  std::optional<Duration> finished;
  std::optional<Duration> answered;
  std::optional<Duration> sent;
};

struct ModelVersionState {
  std::string version;
  std::string state;     // "loading", "ready", "failed" or "unloaded"
  std::string reason;    // why it is not ready, or why a newer file of it was not taken
  bool answers = false;  // requests; also while a newer file of it is loading
  std::string platform;  // of what answers
  Duration load_time = Duration::zero();
};

struct ModelState {
  std::string name;  // also its endpoint's
  std::vector<ModelVersionState> versions;
  std::string default_version;  // answers requests without a version; empty: none does
  std::string canary_version;   // takes a share of them; empty: there is none
  double canary_share = 0;
  std::map<std::string, std::string> labels;  // numbers of versions, by what else they are called
  std::string reason;  // what is wrong with the model as a whole; empty: nothing
};

// What an operator wants of models.
struct ModelChange {
  enum class Kind {
    kLoad,    // one: what the folder has of it, also what failed before, or was unloaded
    kUnload,  // one: requests are refused as model_unavailable until it is loaded again
    kReload,  // all: what has changed in the folder, new and gone models too
  };
  Kind kind = Kind::kLoad;
  std::string name;      // of kLoad and kUnload
  std::string who = {};  // asks for it, for the log
};
// Those that it was about, or what went wrong, a line each; what could be loaded answers then all
// the same.
using ModelsChanged = std::function<void(Result<std::vector<ModelState>>)>;

struct MissQuery {
  std::string endpoint;     // empty: of all
  std::size_t limit = 100;  // 1 to 1024
};

struct ListenerState {
  std::string name;     // "http", "grpc", "admin" or "pages"
  std::string address;  // "127.0.0.1:8080" with the port in use, or "off"
};

// What the server is configured to.
struct ConfigurationState {
  Generation generation = 1;  // the server's, with which a reload last changed it; 1: none has
  std::string hash;           // SHA-256 of it: the same on servers that are configured alike
  std::int64_t loaded_unix_ms = 0;  // when its sources were last read and found right
  std::string file;                 // empty: there is none
};

struct ConfiguredValue {
  std::string key;     // "limits.body_bytes"
  std::string value;   // as an operator writes it
  std::string origin;  // "baton.yaml:3:7", "flag --workers"
  bool needs_restart = false;
};

struct ConfigurationReload {
  bool validate_only = false;
  std::string who;  // asks for it, for the log
};

// A value in force, and what the sources say now.
struct ConfigurationDifference {
  std::string key;
  std::string before;          // empty: nobody said anything
  std::string after;           // empty: nobody says anything any more
  std::string origin;          // of `after`
  bool needs_restart = false;  // then it is not applied
};

struct ConfigurationChange {
  ConfigurationState state;  // in force afterwards
  std::vector<ConfigurationDifference> differences;
};

struct ServerState {
  std::string version;
  Duration uptime = Duration::zero();
  bool ready = false;
  bool draining = false;
  bool drained = false;  // taken out of service by an operator
  std::vector<ListenerState> listeners;
  PoolState pool;
  int conductors = 0;
  std::uint64_t connections = 0;
  std::uint64_t pending_responses = 0;
  std::uint64_t queue_depth = 0;
  std::uint64_t requests_total = 0;
  std::uint64_t misses_total = 0;
  std::uint64_t late_answers_total = 0;
  Generation generation = 0;
  ConfigurationState configuration;
};

// Whether an operator has taken the server out of service.
struct DrainState {
  bool drained = false;
  std::uint64_t in_flight = 0;    // requests received and not answered
  std::uint64_t connections = 0;  // of the data plane over HTTP
  Generation generation = 0;      // the server's
};

template <typename State>
struct Changed {
  State before;
  State after;  // what would be in force, for validate_only
};

// Updates are checked whole before any of them is applied: all or nothing.
// Errors: kInvalidArgument (with `field`, what is allowed and what came), kNotFound, kAborted.
// Threads: any; no method waits for the data plane.
class ControlPort {
 public:
  virtual ~ControlPort() = default;

  virtual ServerState GetServer() const = 0;
  // What it does, a sample a second (status_feed.h).
  virtual StatusFeed& status_feed() = 0;
  virtual PoolState GetPool() const = 0;
  virtual Result<Changed<PoolState>> UpdatePool(const PoolUpdate& update) = 0;
  virtual std::vector<EndpointState> ListEndpoints() const = 0;
  virtual Result<EndpointState> GetEndpoint(const std::string& name) const = 0;
  virtual Result<Changed<EndpointState>> UpdateEndpoint(const EndpointUpdate& update) = 0;

  // Forgets what was learned of the endpoint's runs: for a model that has become another one. It
  // learns from the requests that follow.
  virtual Result<Changed<EndpointState>> ResetEstimator(const std::string& name) = 0;
  // The last misses, the newest first. kNotFound for an endpoint that is not there.
  virtual Result<std::vector<MissState>> ListMisses(const MissQuery& query) const = 0;

  // Every model, by name.
  virtual std::vector<ModelState> ListModels() const = 0;
  // Returns at once; `done` is called once, from any thread, when it is done: loads take their
  // time. Errors: kNotFound, kInvalidArgument for a model that does not load, kUnavailable while
  // the server starts or stops.
  virtual void ChangeModels(const ModelChange& change, ModelsChanged done) = 0;
  // Keeps what clients send from now on (captures.h). Errors: those of Captures::Begin, kNotFound
  // for an endpoint that is not there, kUnavailable while the server stops.
  virtual Result<std::unique_ptr<CaptureReader>> BeginCapture(const CaptureAsk& ask,
                                                              const Caller& caller,
                                                              std::function<void()> told) = 0;
  // Where those changes are kept that somebody may want to hear the end of.
  virtual OperationBook& Operations() = 0;

  virtual ConfigurationState GetConfiguration() const = 0;
  // Every value that is there, in the order of the schema.
  virtual std::vector<ConfiguredValue> ListConfiguration() const = 0;
  // Reads the configuration again from where the server had it at its start, and applies what
  // differs and needs no restart. What was changed here since stays, where the configuration says
  // the same as before. kInvalidArgument with everything that is wrong; then nothing changes.
  // Blocks on the disk.
  virtual Result<ConfigurationChange> ReloadConfiguration(const ConfigurationReload& reload) = 0;

  // True: the server is not ready from then on, tells its clients to go, and answers whoever still
  // comes; false: it takes part again. What is so already stays so. kFailedPrecondition for false
  // while the server stops.
  virtual Result<Changed<DrainState>> SetDrained(bool drained) = 0;

  virtual SettingsState GetSettings(SettingsGroup group) const = 0;
  // Holds until the server stops, or a reload says otherwise than the one before. Errors besides
  // those above: kFailedPrecondition for a setting that needs a restart. `field` is the key.
  virtual Result<Changed<SettingsState>> UpdateSettings(const SettingsUpdate& update) = 0;

  // In the order of ServerState.
  virtual std::vector<ListenerFigures> ListListeners() const = 0;
  // Asks the conductors and waits for 25 ms at most: who has not answered by then is named.
  virtual ConnectionList ListConnections(const ConnectionQuery& query) = 0;
  // Who is in the middle of a request gets its answer first. Waits as long; kUnavailable when the
  // conductor has not answered by then: it closes the connection when it comes to it.
  virtual Result<ConnectionState> CloseConnection(const ConnectionClose& close) = 0;

  // Answers one admin call for the books: method is "GetPool", code is gRPC's name of it, such as
  // "OK".
  virtual void CountRpc(const std::string& method, const std::string& code, Duration took) = 0;
};

}  // namespace baton::control
