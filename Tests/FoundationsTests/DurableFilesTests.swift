import Foundation
import Foundations
import TestSupport
import Testing

/// What writing does to what is there.
@Suite struct DurableFilesTests {
  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test func aRegularFileIsReplaced() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/a"
      for contents in ["long contents", "new"] {
        try DurableFiles.replace(path, by: Data(contents.utf8))
        #expect(try text(path) == contents)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
    }
  }

  @Test func aStagedFileChangesNothingBeforeItIsCommitted() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/a"
      try DurableFiles.replace(path, by: Data("old".utf8))
      let discarded = try StagedFile(Data("new".utf8), for: path)
      #expect(try discarded.readBack() == Data("new".utf8) && text(path) == "old")
      discarded.discard()
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
      try StagedFile(Data("new".utf8), for: path).commit()
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"] && text(path) == "new")
    }
  }

  /// Piece by piece, and also where nobody says that it is not wanted.
  @Test func aStreamAppearsWholeOrNotAtAll() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/a"
      try DurableFiles.replace(path, by: Data("old".utf8))
      func begin() throws -> StagedStream {
        let stream = try StagedStream(for: path)
        for piece in ["o", "", "ne"] { try stream.write(Data(piece.utf8)) }
        #expect(try text(path) == "old")
        return stream
      }
      _ = try begin()
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
      try begin().commit()
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"] && text(path) == "one")
    }
    let stream = try StagedStream(for: "/dev/full")
    #expect(throws: UnwritableFile(path: "/dev/full", code: ENOSPC)) { try stream.write(Data([1])) }
  }

  /// What lies behind links is what a new file takes the place of; a device it does not.
  @Test func aFileThatCanBeReplacedIsFoundBehindLinks() throws {
    try withTemporaryFolder { folder in
      try DurableFiles.link("\(folder.path)/link", to: "new")
      #expect(try DurableFiles.replaceableFile(at: "\(folder.path)/link") == "\(folder.path)/new")
      #expect(throws: UnwritableFile(path: "/dev/null", reason: "it is not a regular file")) {
        try DurableFiles.replaceableFile(at: "/dev/null")
      }
      #expect(throws: UnwritableFile(path: folder.path, code: EISDIR)) {
        try DurableFiles.replaceableFile(at: folder.path)
      }
    }
  }

  /// The link stays a link, relative or not, whether or not what it leads to is there.
  @Test func aLinkIsFollowed() throws {
    try withTemporaryFolder { folder in
      let inner = folder.path + "/inner"
      try DurableFiles.makeFolder(inner)
      for (link, target) in [("one", "inner/x"), ("two", inner + "/y"), ("three", "two")] {
        try DurableFiles.link("\(folder.path)/\(link)", to: target)
        for contents in ["first", "second"] {
          try DurableFiles.replace("\(folder.path)/\(link)", by: Data("\(contents) \(link)".utf8))
        }
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder.path)/\(link)") == target)
      }
      #expect(try text(inner + "/x") == "second one")
      #expect(try text(inner + "/y") == "second three")
    }
  }

  /// A pipe, which anybody can make, stands for devices: it gets the bytes and stays a pipe.
  @Test func whatIsNoRegularFileIsWrittenTo() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/pipe"
      try #require(mkfifo(path, 0o600) == 0)
      let reader = open(path, O_RDONLY | O_NONBLOCK)
      defer { close(reader) }
      try DurableFiles.requireWritableFile(path)
      try DurableFiles.replace(path, by: Data("for the reader".utf8))
      var bytes = [UInt8](repeating: 0, count: 100)
      #expect(String(decoding: bytes[..<read(reader, &bytes, 100)], as: UTF8.self) == "for the reader")
      var status = stat()
      #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["pipe"])
    }
  }

  /// A file that has no room is a fault of the device, not a file that takes its place.
  @Test func aDeviceStaysADevice() throws {
    #expect(throws: UnwritableFile(path: "/dev/full", code: ENOSPC)) {
      try DurableFiles.replace("/dev/full", by: Data([1]))
    }
    try DurableFiles.replace("/dev/null", by: Data([1]))
    for device in ["/dev/full", "/dev/null"] {
      var status = stat()
      #expect(lstat(device, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }
  }

  /// An open file of this process has no name that could be given to another.
  @Test func anOpenFileIsWrittenTo() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/open"
      let file = open(path, O_RDWR | O_CREAT, 0o600)
      defer { close(file) }
      #expect(writeAll(Data("before, ".utf8), to: file))
      try DurableFiles.replace("/dev/fd/\(file)", by: Data("then".utf8))
      #expect(try text(path) == "before, then")
      try DurableFiles.replace("/proc/self/fd/\(file)", by: Data(", last".utf8))
      #expect(try text(path) == "before, then, last")
    }
  }

  @Test func aFolderOrACircleOfLinksIsRefused() throws {
    try withTemporaryFolder { folder in
      #expect(throws: UnwritableFile(path: folder.path, code: EISDIR)) {
        try DurableFiles.replace(folder.path, by: Data())
      }
      let circle = folder.path + "/circle"
      try DurableFiles.link(circle, to: "circle")
      #expect(throws: UnwritableFile(path: circle, code: ELOOP)) {
        try DurableFiles.replace(circle, by: Data())
      }
    }
  }

  // MARK: Looking first

  @Test func aFileThatCannotBeWrittenIsFoundBeforeTheWork() throws {
    try withTemporaryFolder { folder in
      let path = folder.path
      try Data().write(to: folder.appendingPathComponent("file"))
      for good in ["\(path)/new", "\(path)/file", "/dev/null"] { try DurableFiles.requireWritableFile(good) }
      for (bad, code) in [
        ("\(path)/none/new", ENOENT), (path, EISDIR), ("\(path)/file/new", ENOTDIR),
        ("\(path)/" + String(repeating: "a", count: 300), ENAMETOOLONG),
      ] {
        #expect(throws: UnwritableFile(path: bad, code: code)) { try DurableFiles.requireWritableFile(bad) }
      }
      #expect(throws: UnwritableFile.self) { try DurableFiles.requireWritableFile("") }
      #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["file"])
    }
  }

  @Test func aFolderThatCannotBeMadeIsFoundBeforeTheWork() throws {
    try withTemporaryFolder { folder in
      let path = folder.path
      try Data().write(to: folder.appendingPathComponent("file"))
      try DurableFiles.link("\(path)/dead", to: "nowhere")
      for good in [path, "\(path)/", "\(path)/a/b/c", "relative/and/new"] {
        try DurableFiles.requireWritableFolder(good)
      }
      for (bad, named, code) in [
        ("\(path)/file", "\(path)/file", ENOTDIR), ("/dev/null", "/dev/null", ENOTDIR),
        ("\(path)/file/a/b", "\(path)/file/a/b", ENOTDIR), ("\(path)/dead/a", "\(path)/dead", ENOENT),
      ] {
        #expect(throws: UnwritableFile(path: named, code: code)) {
          try DurableFiles.requireWritableFolder(bad)
        }
      }
      #expect(throws: UnwritableFile(path: "''", reason: "a folder must have a name")) {
        try DurableFiles.requireWritableFolder("")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == ["dead", "file"])
    }
  }

  @Test func foldersAreMadeWithThoseThatTheyAreIn() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder.path)/a/b"
      #expect(throws: UnwritableFile(path: path, code: ENOENT)) {
        try DurableFiles.makeFolder(path, withParents: false)
      }
      for _ in 1...2 { try DurableFiles.makeFolder(path) }
      try Data().write(to: URL(fileURLWithPath: "\(path)/file"))
      #expect(throws: UnwritableFile(path: "\(path)/file", code: ENOTDIR)) {
        try DurableFiles.makeFolder("\(path)/file")
      }
    }
  }
}
