import Foundation

/// Typed values between ranks. They travel as JSON, which every rank's copy of the program reads alike; numbers keep
/// all their bits.
extension Communicator {
  /// Everybody's value, in rank order.
  ///
  /// - Throws: `CollectiveError`, on every rank if all together exceed what MPI can count.
  package func gatherEach<Value: Codable>(_ value: Value) throws -> [Value] {
    try gatherBytes(Self.encode(value)).map { Self.decode(Value.self, from: $0) }
  }

  /// Everybody's values one after the other, in rank order; ranks may bring different numbers of them.
  ///
  /// - Throws: `CollectiveError`, on every rank if all together exceed what MPI can count.
  package func gather<Value: Codable>(_ values: [Value]) throws -> [Value] {
    try gatherEach(values).flatMap(\.self)
  }

  /// Rank `root`'s value, on every rank. Other ranks' argument does not matter.
  ///
  /// - Throws: `CollectiveError`.
  package func broadcast<Value: Codable>(value: Value, from root: Int = 0) throws -> Value {
    Self.decode(Value.self, from: try broadcast(Self.encode(value), from: root))
  }

  /// The largest of all ranks' numbers.
  ///
  /// - Throws: `CollectiveError`.
  package func largest<Value: Codable & Comparable>(_ value: Value) throws -> Value {
    let values = try gatherEach(value)
    return values.dropFirst().reduce(values[0], max)
  }

  /// Every rank's numbers, by rank; equally many on each.
  ///
  /// - Throws: `CollectiveError`.
  package func gatherTimes(_ own: [Double]) throws -> [[Double]] {
    let all = try meet(.times) { try $0.control.allGather(own) } ?? own
    return (0..<worldSize).map { Array(all[$0 * own.count..<($0 + 1) * own.count]) }
  }

  private static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    // Values of our own types always encode.
    return Array(try! encoder.encode(value))
  }

  private static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    // What was encoded by the same program decodes.
    return try! decoder.decode(type, from: Data(bytes))
  }
}
