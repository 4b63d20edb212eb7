import Collectives
import Foundation
import Foundations
import Tensors

extension Communicator {
  /// The bytes of a file, which rank 0 reads and tells the other ranks: they need not see its disk.
  ///
  /// - Parameters:
  ///   - missing: The error where there is no such file; nil: one like any other.
  ///   - failure: The error that says why it cannot be read.
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  package func contents(
    of file: String, missing: (any Error)? = nil, failure: (_ reason: String) -> any Error
  ) throws -> Data {
    let bytes = try agree { () throws -> [UInt8] in
      guard rank == 0 else { return [] }
      do {
        return Array(try Data(contentsOf: URL(fileURLWithPath: file)))
      } catch {
        if let missing, !FileManager.default.fileExists(atPath: file) { throw missing }
        throw failure(error.fileReason)
      }
    }
    return Data(try broadcast(bytes))
  }

  /// A safetensors file, which rank 0 reads.
  ///
  /// - Parameter missing: See `contents`.
  /// - Throws: The same `AgreedFailure` on every rank, with `SafetensorsError`; `CollectiveError`.
  package func safetensors(at path: String, missing: (any Error)? = nil) throws -> SafetensorsFile {
    let data = try contents(of: path, missing: missing) {
      SafetensorsError.unreadable(path: path, reason: $0)
    }
    return try agree { try SafetensorsFile(data, path: path) }
  }
}
