import Testing

@testable import Datasets

@Suite struct FileListTests {
  private func list(_ classes: [[String]]) -> FileList {
    var list = FileList()
    for paths in classes { list.appendClass(paths.map { Array($0.utf8) }) }
    return list
  }

  @Test func filesAreSortedWithinTheirClass() {
    let files = list([["a/2", "a/10", "a/1"], [], ["c/é", "c/z", "c/Z"], ["d/x"]])
    #expect(
      (0..<files.count).map { files.path(at: $0).text } == ["a/1", "a/10", "a/2", "c/Z", "c/z", "c/é", "d/x"])
    #expect((0..<files.count).map { files.label(at: $0) } == [0, 0, 0, 2, 2, 2, 3])
    #expect(files.classCounts == [3, 0, 3, 1])
  }

  @Test func bytesAndCountsSayEverything() throws {
    let files = list([["a/1", "a/2"], [], ["c/1"]])
    #expect(FileList(bytes: files.bytes, classCounts: files.classCounts) == files)
    #expect(FileList(bytes: [], classCounts: [0, 0])?.count == 0)
  }

  @Test func otherBytesAreRefused() {
    let files = list([["a/1", "a/2"]])
    for counts in [[1], [3], [3, -1], []] {
      #expect(FileList(bytes: files.bytes, classCounts: counts) == nil)
    }
    #expect(FileList(bytes: Array(files.bytes.dropLast()), classCounts: [2]) == nil)
    #expect(FileList(bytes: files.bytes + [65], classCounts: [2]) == nil)
  }

  /// Names are bytes to the system.
  @Test func pathsNeedNotBeText() {
    var files = FileList()
    files.appendClass([[0x61, 0xFF], [0x61, 0x62]])
    #expect(Array(files.path(at: 1)) == [0x61, 0xFF])
  }
}
