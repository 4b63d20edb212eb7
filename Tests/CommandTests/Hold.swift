import Foundation
import Testing

/// Holds a run at a place in it (`RunHold`): what a test does to the run while it is held happens there, however fast
/// the machine is. A test releases it in the end, at the latest (`defer`).
final class Hold {
  /// Makes the run wait for this hold.
  let environment: [String: String]
  private let fifo: String
  /// Open while the run is held and known to be.
  private var writer: Int32 = -1

  /// - Parameters:
  ///   - step: The step that does not begin, counted from 1.
  ///   - folder: Gets the FIFO.
  convenience init(beforeStep step: Int, in folder: URL) throws {
    try self.init(at: "step \(step)", in: folder)
  }

  /// - Parameters:
  ///   - step: The evaluation after it is begun and not done; 0: that of the untrained network.
  ///   - folder: Gets the FIFO.
  convenience init(inEvaluationAfter step: Int, in folder: URL) throws {
    try self.init(at: "evaluation \(step)", in: folder)
  }

  private init(at place: String, in folder: URL) throws {
    fifo = folder.appendingPathComponent("hold \(place)").path
    environment = ["SLUICE_HOLD": "\(place):\(fifo)"]
    try #require(mkfifo(fifo, 0o600) == 0)
  }

  /// Whether the run is held: only then does its FIFO have a reader.
  var isReached: Bool {
    if writer < 0 { writer = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC) }
    return writer >= 0
  }

  /// Lets the run take its step.
  func release() {
    if writer >= 0 { close(writer) }
    writer = -1
  }
}
