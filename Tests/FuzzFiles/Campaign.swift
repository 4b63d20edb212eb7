import Foundation
import Foundations

/// A parser on many inputs, in a folder of its own.
struct Campaign {
  private let inputs: Inputs
  private let folder: String
  private let read: ([UInt8]) throws -> Void
  /// Holds the number of the input that is being read: after a crash it is still there.
  private let place: Int32

  init(_ inputs: Inputs) throws {
    self.inputs = inputs
    folder = try Self.makeFolder()
    let work = "\(folder)/files"
    try DurableFiles.makeFolder(work)
    read = try inputs.parser.open(work)
    place = open("\(folder)/input", O_RDWR | O_CREAT, 0o644)
  }

  /// In memory where that can be, because most parsers want a file.
  static func makeFolder() throws -> String {
    let memory = "/dev/shm"
    let parent = access(memory, W_OK) == 0 ? memory : NSTemporaryDirectory()
    let folder = "\(parent)/fuzz-\(UUID().uuidString)"
    try DurableFiles.makeFolder(folder)
    return folder
  }

  /// Reads inputs from number `first` on, and reports on them: an object for a line of JSON.
  ///
  /// - Parameters:
  ///   - count: How many, where there is no limit on time.
  ///   - seconds: The limit.
  func run(from first: Int, count: Int, seconds: Double?) throws -> JSONValue {
    let start = ContinuousClock.now
    let seedsRead = inputs.seeds.count { seed in (try? read(inputs.parser.repair(seed))) != nil }
    var (number, refused) = (first, 0)
    var slowest = (input: first, seconds: 0.0)
    while seconds.map({ (ContinuousClock.now - start) / .seconds(1) < $0 }) ?? (number < first + count) {
      let input = inputs[number]
      let text = Array("\(number)\n".utf8)
      pwrite(place, text, text.count, 0)
      let time = ContinuousClock().measure {
        do { try read(input) } catch {
          refused += 1
          // Whatever is wrong, it is a sentence.
          precondition(!"\(error)".isEmpty)
        }
      }
      if time / .seconds(1) > slowest.seconds { slowest = (number, time / .seconds(1)) }
      number += 1
    }
    try DurableFiles.remove(folder)
    return .object([
      "parser": .text(inputs.parser.name), "seeds": .integer(inputs.seeds.count),
      "seeds_read": .integer(seedsRead),
      "inputs": .integer(number - first), "refused": .integer(refused),
      "seconds": .number((ContinuousClock.now - start) / .seconds(1)),
      "slowest_input": .integer(slowest.input), "slowest_seconds": .number(slowest.seconds),
    ])
  }

  /// For whoever meets a crash.
  var hint: String {
    "\(inputs.parser.name): the number of the input that is being read is in \(folder)/input"
  }
}
