import Foundation
import Foundations

extension FoundRun {
  /// What scripts are told of it.
  var fields: [(key: String, value: JSONValue)] {
    func integer(_ value: Int?) -> JSONValue { value.map(JSONValue.integer) ?? .null }
    func text(_ value: String?) -> JSONValue { value.map(JSONValue.text) ?? .null }
    return [
      ("path", .text(path)), ("state", .text(state.rawValue)), ("step", .integer(step)),
      ("steps", integer(steps)),
      ("epoch", integer(epoch)), ("checkpoint_step", integer(checkpoints.last)), ("knn", JSONValue(knn)),
      ("nearest", JSONValue(nearest)), ("linear", JSONValue(linear)),
      ("classifier", JSONValue(classifier)), ("macs_share", JSONValue(macsShare)),
      ("loss", JSONValue(loss)), ("seconds", JSONValue(seconds)), ("seconds_left", JSONValue(secondsLeft)),
      ("ranks", integer(ranks)), ("started_at", text(startedAt)),
      ("ended_at", text(endedAt.map { ISO8601DateFormatter().string(from: $0) })),
    ]
  }
}
