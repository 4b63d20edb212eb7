import Foundation
import Foundations

/// The file of the program that runs.
package enum ProgramFile {
  private static let path = "/proc/self/exe"

  /// SHA-256 of what is loaded of it, code and constants, which tells builds of one commit apart; what debuggers need comes
  /// after that. nil: the system does not tell.
  package static func digest() -> String? {
    guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: path),
      let maps = SystemFiles.live.read("/proc/self/maps"), let end = loadedBytes(of: program, maps: maps),
      let bytes = try? RegularFile(path)?.read(0..<end)
    else { return nil }
    return DurableFiles.digest(Data(bytes))
  }

  /// Where the last part of a file ends that is in memory; nil: none is.
  ///
  /// - Parameter maps: A line for each part: addresses, permissions, offset in the file, device, inode, path.
  static func loadedBytes(of program: String, maps: String) -> Int? {
    maps.split(separator: "\n").compactMap { line -> Int? in
      let words = line.split(separator: " ", maxSplits: 5)
      guard words.count == 6, words[5].drop(while: { $0 == " " }) == program else { return nil }
      let addresses = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard addresses.count == 2, addresses[0] <= addresses[1], let offset = UInt(words[2], radix: 16)
      else { return nil }
      return Int(exactly: offset + (addresses[1] - addresses[0]))
    }.max()
  }
}
