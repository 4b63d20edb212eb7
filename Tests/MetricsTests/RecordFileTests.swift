import Foundation
import Foundations
import TestSupport
import Testing

@testable import Metrics

/// Faults of a disk: a link to /dev/full is one without room, a missing folder one that is away.
@Suite struct RecordFileTests {
  static func record(_ line: String) -> Data { Data("\(line)\n".utf8) }

  static func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test func linesWaitWhileThereIsNoRoomAndThenComeInOrder() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/lines"
      let file = RecordFile(path: path, size: 0)
      try file.append(Self.record("1"))
      try file.sync()
      try FileManager.default.moveItem(atPath: path, toPath: path + ".aside")
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/full")
      for line in ["2", "3"] {
        #expect(throws: UnwritableFile(path: path, code: ENOSPC)) {
          try file.append(Self.record(line))
        }
      }
      #expect(file.waiting == 2)
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.moveItem(atPath: path + ".aside", toPath: path)
      try file.append(Self.record("4"))
      #expect(file.waiting == 0)
      #expect(try Self.text(path) == "1\n2\n3\n4\n")
    }
  }

  /// Lines that the disk has not confirmed are written again.
  @Test func whatWasRemovedIsThereAgain() throws {
    try withTemporaryFolder { folder in
      let inner = folder.path + "/inner"
      try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
      let file = RecordFile(path: inner + "/lines", size: 0)
      try file.append(Self.record("1"))
      try file.sync()
      try file.append(Self.record("2"))
      try FileManager.default.removeItem(atPath: inner)
      #expect(throws: UnwritableFile.self) { try file.append(Self.record("3")) }
      try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
      try file.append(Self.record("4"))
      #expect(try Self.text(inner + "/lines") == "1\n2\n3\n4\n")
    }
  }

  /// A part of a line, as a disk leaves it that becomes full, and what else is not as it was left.
  @Test(arguments: ["1\n2\n{\"cut", "1\n", "1\n2\nanother's\n"])
  func whatIsNotAsItWasLeftIsCutOff(found: String) throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/lines"
      let file = RecordFile(path: path, size: 0)
      try file.append(Self.record("1"))
      try file.sync()
      try file.append(Self.record("2"))
      try Data(found.utf8).write(to: URL(fileURLWithPath: path))
      try file.append(Self.record("3"))
      #expect(try Self.text(path) == "1\n2\n3\n")
    }
  }

  @Test func memoryIsBoundedAndTheLossCounted() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/away/lines"
      let file = RecordFile(path: path, size: 0, limit: 3)
      for line in 1...5 { #expect(throws: UnwritableFile.self) { try file.append(Self.record("\(line)")) } }
      #expect(file.waiting == 3 && file.lost == 2)
      try FileManager.default.createDirectory(
        atPath: folder.path + "/away", withIntermediateDirectories: false)
      // The oldest goes when another comes; lines in the file are not lost when memory forgets them.
      for line in 6...9 { try file.append(Self.record("\(line)")) }
      #expect(file.waiting == 0 && file.lost == 3)
      #expect(try Self.text(path) == "4\n5\n6\n7\n8\n9\n")
    }
  }
}
