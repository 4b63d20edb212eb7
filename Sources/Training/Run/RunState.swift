import Foundation

/// `state.json`: where a run stands. Nothing in it depends on ranks, threads or time.
struct RunState: Codable, Equatable {
  static let fileName = "state.json"
  /// Steps taken.
  var step: Int
  /// The epoch of the last step, from 0.
  var epoch: Int
  var seed: UInt64
  /// Images taken so far, each counted once for both of its views.
  var imagesSeen: Int
  /// Weighted k-NN top-1 in percent of the untrained network.
  var top1BeforeTraining: Double?

  func encode() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return try encoder.encode(self)
  }

  /// - Parameter path: What errors name.
  static func decode(_ data: Data, path: String) throws -> RunState {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      return try decoder.decode(RunState.self, from: data)
    } catch {
      throw CheckpointError.damaged(path: path, problem: "it is not the JSON that was written")
    }
  }
}
