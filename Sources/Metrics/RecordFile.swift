import Foundation
import Foundations

/// A file to which records (lines, events) are appended, through faults of its disk: it never holds a part of a record
/// for longer than a call, and records that could not be written wait.
///
/// Records stay in memory until the disk is known to have them (`sync`): a network's file system may take bytes
/// and say only later that there is no room for them. Wherever the file is not as it was left, because a write
/// failed or its folder vanished, it is cut after the last record that is safe, and the others are written again.
package final class RecordFile {
  let path: String
  private let limit: Int
  private var file: Int32 = -1
  /// Bytes of the records that are safe, and of all records in the file.
  private var safe: Int
  private var end: Int
  /// The records after the safe ones; the first `written` of them are in the file.
  private var records: [Data] = []
  private var written = 0
  /// Records that were given up because more than `limit` were waiting.
  private(set) var lost = 0

  /// - Parameters:
  ///   - size: The bytes of the file that is there, which are whole records.
  ///   - limit: How many records are kept in memory.
  init(path: String, size: Int, limit: Int = 10_000) {
    self.path = path
    self.limit = limit
    (safe, end) = (size, size)
  }

  deinit { if file >= 0 { close(file) } }

  /// Records that could not be written yet.
  var waiting: Int { records.count - written }

  /// Takes a record, and writes it with all that are waiting.
  func append(_ record: Data) throws(UnwritableFile) {
    records.append(record)
    if records.count > limit {
      let oldest = records.removeFirst()
      if written > 0 { (safe, written) = (safe + oldest.count, written - 1) } else { lost += 1 }
    }
    try write()
  }

  /// Waits until the disk has every record.
  func sync() throws(UnwritableFile) {
    try write()
    guard file >= 0 else { return }
    guard fsync(file) == 0 else {
      let failure = self.failure()
      // Nobody knows which of them arrived.
      (end, written) = (safe, 0)
      throw failure
    }
    safe = end
    records.removeAll()
    written = 0
  }

  /// Writes what is waiting. A file that never got anything is not made.
  func write() throws(UnwritableFile) {
    guard file >= 0 || end + records.count > 0 else { return }
    if !isAsLeft { try reopen() }
    while written < records.count {
      guard writeAll(records[written], to: file) else {
        let failure = self.failure()
        ftruncate(file, end)
        throw failure
      }
      end += records[written].count
      written += 1
    }
  }

  /// Whether the path leads to the open file and it ends where it was left.
  private var isAsLeft: Bool {
    var (found, open) = (stat(), stat())
    return file >= 0 && stat(path, &found) == 0 && fstat(file, &open) == 0
      && found.st_dev == open.st_dev && found.st_ino == open.st_ino && open.st_size == end
  }

  /// Opens what the path leads to, and leaves the safe records in it.
  private func reopen() throws(UnwritableFile) {
    let opened = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard opened >= 0 else { throw failure() }
    guard let kept = restoreSafeRecords(in: opened) else {
      let failure = self.failure()
      close(opened)
      throw failure
    }
    if file >= 0 { close(file) }
    file = opened
    (safe, end, written) = (kept, kept, 0)
  }

  /// Leaves the safe records in a file that the path leads to now, and returns how many bytes they are; nil if the
  /// system refused.
  private func restoreSafeRecords(in opened: Int32) -> Int? {
    var status = stat()
    guard fstat(opened, &status) == 0 else { return nil }
    if status.st_size >= safe {
      return status.st_size == safe || ftruncate(opened, safe) == 0 ? safe : nil
    }
    // Another file: what the one before held can still be read where it was only removed.
    let rescued = safeRecords()
    guard status.st_size == 0 || ftruncate(opened, 0) == 0 else { return nil }
    guard writeAll(rescued, to: opened) else {
      let reason = errno
      ftruncate(opened, 0)
      errno = reason
      return nil
    }
    return rescued.count
  }

  /// The safe records of the file that was open until now; none if it cannot be read.
  private func safeRecords() -> Data {
    guard file >= 0, lseek(file, 0, SEEK_SET) == 0 else { return Data() }
    let handle = FileHandle(fileDescriptor: file, closeOnDealloc: false)
    let data = (try? handle.read(upToCount: safe)) ?? Data()
    return data.count == safe ? data : Data()
  }

  private func failure() -> UnwritableFile { UnwritableFile(path: path, code: errno) }
}
