import Collectives
import Machine
import Synchronization
import Tensors

/// A file that cannot be used, among files that are numbered.
struct NumberedFault: Sendable, Codable {
  let number: Int
  let fault: DataFault
}

extension Communicator {
  /// The files, of those with these numbers, that cannot be used; the same on every rank, in the order of numbers. Ranks
  /// share the work, and all call it.
  ///
  /// - Throws: `CollectiveError`.
  func faults(ofFiles numbers: [Int], at path: (Int) -> FilePath) throws -> [NumberedFault] {
    let share = Array(stride(from: rank, to: numbers.count, by: worldSize))
    let found = Mutex<[NumberedFault]>([])
    // Mostly waiting for the disk or the file server; pieces of many files, as taking one costs a lock.
    let pool = WorkerPool(threads: max(2, min(Placement.allowedCores().count, 8)))
    let pieceSize = 64
    try pool.run((share.count + pieceSize - 1) / pieceSize) { piece in
      for place in share[(piece * pieceSize)..<min((piece + 1) * pieceSize, share.count)] {
        let file = path(numbers[place])
        guard let reason = ImageFile.fault(of: file) else { continue }
        found.withLock {
          $0.append(
            NumberedFault(number: numbers[place], fault: DataFault(name: file.text, reason: reason)))
        }
      }
    }
    return try gather(found.withLock { $0 }).sorted { $0.number < $1.number }
  }
}
