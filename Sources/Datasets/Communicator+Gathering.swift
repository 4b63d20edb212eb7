import Collectives
import Foundation

extension Communicator {
  /// Everybody's values in rank order; ranks may bring different numbers of them.
  ///
  /// - Throws: `CollectiveError`, on every rank if all together exceed what MPI can count.
  package func gather<Value: Codable>(_ values: [Value]) throws -> [Value] {
    // What was encoded by the same program decodes.
    let bytes = try gatherBytes(Array(try! JSONEncoder().encode(values)))
    return bytes.flatMap { try! JSONDecoder().decode([Value].self, from: Data($0)) }
  }
}

extension [SkippedImage] {
  /// Each picture once, in the data set's order.
  package var unique: [SkippedImage] {
    Dictionary(map { ($0.index, $0) }) { first, _ in first }.values.sorted { $0.index < $1.index }
  }
}
