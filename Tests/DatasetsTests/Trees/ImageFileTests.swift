import Foundation
import Images
import TestSupport
import Testing

@testable import Datasets

/// What is found wrong with a file before training.
@Suite struct ImageFileTests {
  private static let image = RGBImage(
    width: 40, height: 30, pixels: (0..<3600).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 5) })
  private static let jpeg = try! image.jpegData(quality: 90)
  private static let png = TestImage.png(width: 40, height: 30)

  private func fault(_ name: String, _ bytes: [UInt8]) throws -> String? {
    try withTemporaryFolder { folder in
      try MadeTree(in: folder).write(name, bytes)
      return ImageFile.fault(of: FilePath(folder: folder.path, name.utf8))
    }
  }

  @Test func soundImagesPass() throws {
    for (name, bytes) in [
      ("a.jpg", Self.jpeg), ("a.png", Self.png), ("a.png", Self.jpeg), ("a.JPEG", Self.png),
      ("a.jpg", Self.jpeg + [0, 0, 0, 0x0D, 0x0A]), ("a.png", Self.png + [0x0A]),
      // Decoded, because the usual end is not there.
      ("a.jpg", Self.jpeg.dropLast(2)), ("a.jpg", Self.jpeg + Array("more".utf8)),
      ("a.png", Self.png + Array("more".utf8)), ("a.jpg", Self.jpeg + [UInt8](repeating: 0, count: 5000)),
    ] { #expect(try fault(name, bytes) == nil, "\(name) of \(bytes.count) bytes") }
  }

  /// A thumbnail or a colour profile can push the image's size out of what is read first.
  @Test func longHeadersAreReadToTheirEnd() throws {
    let comment: [UInt8] = [0xFF, 0xFE, 0xFF, 0xFF] + [UInt8](repeating: 7, count: 65533)
    let long = Self.jpeg.prefix(2) + comment + comment + Self.jpeg.dropFirst(2)
    #expect(try fault("x.jpg", Array(long)) == nil)
    #expect(try fault("x.jpg", Array(long.dropLast(600))) != nil)
  }

  @Test func damagedImagesDoNot() throws {
    let faults: [(String, [UInt8])] = [
      ("it is empty", []),
      ("it is neither JPEG nor PNG (it begins with 47 49 46 38)", Array("GIF89a".utf8)),
      ("it is neither JPEG nor PNG (it begins with 00)", [0]),
      ("the JPEG ends before its last row", Self.jpeg.dropLast(400)),
      ("the PNG ends before its last row", Self.png.dropLast(400)),
      (
        "its 20000×20000 pixels are more than the 178956970 that are decoded",
        TestImage.png(claiming: 20000)
      ),
    ]
    for (reason, bytes) in faults { #expect(try fault("x.jpg", bytes) == reason) }
  }

  @Test func whatIsNoFileIsNotReadAsOne() throws {
    try withTemporaryFolder { folder in
      let tree = MadeTree(in: folder)
      try tree.write("d.jpg/x.jpg", Self.jpeg)
      try FileManager.default.createSymbolicLink(
        at: tree.url("l.jpg"), withDestinationURL: tree.url("none.jpg"))
      try FileManager.default.createSymbolicLink(
        at: tree.url("ok.jpg"), withDestinationURL: tree.url("d.jpg/x.jpg"))
      #expect(mkfifo(tree.url("p.jpg").path, 0o600) == 0)
      for (name, reason) in [
        ("d.jpg", "it is a folder"), ("l.jpg", "it is a broken link"),
        ("p.jpg", "it is not a file"),
        ("gone.jpg", "it is no longer there"), ("ok.jpg", nil),
      ] {
        #expect(ImageFile.fault(of: FilePath(folder: folder.path, name.utf8)) == reason)
      }
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may read everything: see the command's test"))
  func unreadableFilesAreFaults() throws {
    try withTemporaryFolder { folder in
      try MadeTree(in: folder).write("x.jpg", Self.jpeg)
      chmod("\(folder.path)/x.jpg", 0)
      #expect(ImageFile.fault(of: FilePath(folder: folder.path, "x.jpg".utf8)) == "Permission denied")
    }
  }

  @Test func aFileThatShrinksIsNoticed() throws {
    try withTemporaryFolder { folder in
      try MadeTree(in: folder).write("x.jpg", Self.jpeg)
      let path = FilePath(folder: folder.path, "x.jpg".utf8)
      let file = try ImageFile(path)
      #expect(try file.readAll() == Self.jpeg)
      truncate("\(folder.path)/x.jpg", 10)
      let error = #expect(throws: DataFault.self) { try file.readAll() }
      #expect(error?.reason == "it shrank while it was being read")
    }
  }
}
