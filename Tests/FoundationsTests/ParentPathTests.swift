import Foundation
import Foundations
import Testing

@Suite struct ParentPathTests {
  @Test(arguments: ["a/b", "a/b/", "/a", "/", "a//b", "//a//b//", "../ab", "ab", "/é/ö", "a/é/b"])
  func isFoundations(path: String) {
    #expect(path.parentPath == (path as NSString).deletingLastPathComponent)
  }

  /// A folder's name may be a single letter.
  @Test(arguments: ["a", "a/", "é", "."]) func ofOneNameIsNothing(path: String) throws {
    #expect(path.parentPath == "")
    try DurableFiles.requireWritableFolder(path)
  }
}
