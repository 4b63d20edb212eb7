import Foundation
import Foundations
import Progress

extension DataVerification {
  /// For a person: a line for every fault, and how many there are.
  public var text: String {
    let count = findings.count
    let verdict = count == 0 ? "no faults" : "\(count) fault\(count == 1 ? "" : "s")"
    let counted = "\(images) image\(images == 1 ? "" : "s")"
    return
      (findings.map { "\($0.fault.name): \($0.fault.reason)" }
      + ["\(verdict) in \(counted), decoded in \(durationText(seconds))"])
      .joined(separator: "\n")
  }

  public var json: JSONValue {
    .object([
      "images": .integer(images),
      "faults": .list(
        findings.map {
          .object([
            "name": .text($0.fault.name), "reason": .text($0.fault.reason),
            "part": $0.part.map { .text($0.rawValue) } ?? .null,
            "index": $0.index.map(JSONValue.integer) ?? .null,
          ])
        }),
      "seconds": .number(seconds),
    ])
  }
}
