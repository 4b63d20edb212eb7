import Foundation
import Foundations
import Progress

extension DataVerification {
  /// For a person: a line for every fault, and how many there are.
  public var text: String {
    let verdict = faults.isEmpty ? "no faults" : "\(faults.count) fault\(faults.count == 1 ? "" : "s")"
    let pictures = "\(images) image\(images == 1 ? "" : "s")"
    return
      (faults.map { "\($0.name): \($0.reason)" }
      + ["\(verdict) in \(pictures), decoded in \(durationText(seconds))"])
      .joined(separator: "\n")
  }

  public var json: JSONValue {
    .object([
      "images": .integer(images),
      "faults": .list(
        faults.map {
          .object([
            "name": .text($0.name), "reason": .text($0.reason),
            "part": $0.part.map { .text($0.rawValue) } ?? .null,
            "index": $0.index.map(JSONValue.integer) ?? .null,
          ])
        }),
      "seconds": .number(seconds),
    ])
  }
}
