import Foundation
import Foundations

extension FoundRun {
  /// What scripts are told of it.
  var fields: [(key: String, value: JSONValue)] {
    func number(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
    func integer(_ value: Int?) -> JSONValue { value.map(JSONValue.integer) ?? .null }
    func text(_ value: String?) -> JSONValue { value.map(JSONValue.text) ?? .null }
    return [
      ("path", .text(path)), ("state", .text(state.rawValue)), ("step", .integer(step)),
      ("steps", integer(steps)),
      ("epoch", integer(epoch)), ("checkpoint_step", integer(checkpoints.last)), ("knn", number(knn)),
      ("nearest", number(nearest)), ("linear", number(linear)),
      ("classifier", number(classifier)), ("macs_share", number(macsShare)),
      ("loss", number(loss)), ("seconds", number(seconds)), ("seconds_left", number(secondsLeft)),
      ("ranks", integer(ranks)), ("started_at", text(startedAt)),
      ("ended_at", text(endedAt.map { ISO8601DateFormatter().string(from: $0) })),
    ]
  }
}
