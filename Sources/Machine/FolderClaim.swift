import Foundation
import Foundations

/// The right to write in a folder, which one process has at a time.
///
/// A file in the folder names the holder. It is made by whoever finds none, which one process alone can do, on NFS
/// too; touched by its holder as a heartbeat; and removed when the holder is done. A process that was killed leaves it
/// behind: on its own host anybody sees that it is gone, on another the heartbeat tells, by the clock of the file
/// system.
public final class FolderClaim: @unchecked Sendable {
  /// Of the file.
  public static let fileName = "holder.json"

  /// Who holds a folder.
  public struct Holder: Codable, Equatable, Sendable {
    public let process: RunningProcess
    /// ISO 8601, UTC.
    public let since: String
    /// Where it saw the folder, without links.
    public let folder: String
    /// Told apart by this from every other claim.
    let token: String
  }

  /// How often the heartbeat comes, and how long it must have been missing before the holder counts as gone.
  struct Pace {
    var beat = Duration.seconds(15)
    var patience = Duration.seconds(120)
    /// Between two looks at somebody else's.
    var look = Duration.seconds(1)
  }

  /// What became of whoever held the folder before and did not give it back; nil: nobody.
  public let predecessor: Holder?
  private let folder: String
  private let path: String
  private let mine: Holder
  /// Folders that were made for the claim, the innermost first.
  private let madeFolders: [String]
  private let condition = NSCondition()
  private var isReleased = false

  /// Takes the folder, which is made if it is not there. If a process on another host seems to hold it, waits for
  /// its heartbeat, two minutes at most.
  ///
  /// - Parameters:
  ///   - force: Whether it is taken from a living holder, which will notice.
  ///   - inform: Told what it waits for.
  ///   - isGivenUp: Asked while it waits.
  /// - Returns: nil if it was given up.
  /// - Throws: `FolderHeld`, `UnwritableFile`.
  public static func take(
    _ folder: String, force: Bool, inform: (String) -> Void = { _ in }, isGivenUp: () throws -> Bool
  ) throws -> FolderClaim? {
    try take(folder, force: force, pace: Pace(), inform: inform, isGivenUp: isGivenUp)
  }

  static func take(
    _ folder: String, force: Bool, pace: Pace, inform: (String) -> Void = { _ in },
    isGivenUp: () throws -> Bool
  ) throws -> FolderClaim? {
    try DurableFiles.requireWritableFolder(folder)
    let missing = missingFolders(folder)
    try DurableFiles.makeFolder(folder)
    let path = "\(folder)/\(fileName)"
    let mine = Holder(
      process: .current, since: ISO8601DateFormatter().string(from: Date()),
      folder: URL(fileURLWithPath: folder).resolvingSymlinksInPath().path, token: UUID().uuidString)
    var predecessor: Holder?
    var watch: Watch?
    while true {
      if try create(path, for: mine) {
        return FolderClaim(
          folder, mine: mine, predecessor: predecessor, madeFolders: missing, pace: pace)
      }
      // Gone in the meantime: try again.
      guard let found = try Found(path) else { continue }
      if force || found.isLeftover(at: path) {
        if takeAway(found, from: path) { predecessor = found.holder }
        continue
      }
      guard found.holder?.process.isRunning != true else {
        throw FolderHeld(folder: folder, holder: found.holder)
      }
      if watch == nil || watch?.found.bytes != found.bytes {
        watch = try Watch(found, folder: folder, token: mine.token)
        if watch!.age < pace.patience { inform(waiting(for: found.holder, in: folder)) }
      }
      guard watch!.found.beat == found.beat else { throw FolderHeld(folder: folder, holder: found.holder) }
      if watch!.age >= pace.patience {
        if takeAway(found, from: path) { predecessor = found.holder }
        continue
      }
      if try isGivenUp() { return nil }
      Thread.sleep(forTimeInterval: pace.look / .seconds(1))
    }
  }

  private init(
    _ folder: String, mine: Holder, predecessor: Holder?, madeFolders: [String], pace: Pace
  ) {
    self.folder = folder
    self.mine = mine
    self.predecessor = predecessor
    self.madeFolders = madeFolders
    path = "\(folder)/\(Self.fileName)"
    startThread("sluice-claim") { [weak self, condition] in
      while true {
        condition.lock()
        _ = condition.wait(until: Date(timeIntervalSinceNow: pace.beat / .seconds(1)))
        condition.unlock()
        guard let self, self.beat() else { return }
      }
    }
  }

  deinit { release() }

  /// Gives the folder back, and removes it if it was made for the claim and nothing came into it.
  public func release() {
    condition.lock()
    defer { condition.unlock() }
    guard !isReleased else { return }
    isReleased = true
    condition.broadcast()
    guard let found = try? Found(path), found.holder == mine else { return }
    unlink(path)
    for folder in madeFolders { rmdir(folder) }
  }

  /// Makes sure that nobody has taken the folder, which may be gone with all that it held.
  ///
  /// - Throws: `FolderLost`, also where the file alone is gone: whoever took the folder may have given it back.
  public func requireMine() throws(FolderLost) {
    let found: Found?
    do throws(UnwritableFile) {
      found = try Found(path)
    } catch {
      return  // what cannot be read now may be readable later
    }
    if found == nil, access(folder, F_OK) != 0 { return }
    guard found?.holder == mine else { throw FolderLost(folder: folder, holder: found?.holder) }
  }

  /// Takes the folder again after it vanished and was made anew.
  public func renew() { _ = try? Self.create(path, for: mine) }

  /// Shows that the holder is alive.
  ///
  /// - Returns: false once the claim is given back.
  private func beat() -> Bool {
    condition.lock()
    defer { condition.unlock() }
    guard !isReleased else { return false }
    // A disk that is away may come back.
    if let found = try? Found(path), found.holder == mine { utimensat(AT_FDCWD, path, nil, 0) }
    return true
  }

  // MARK: The file

  /// A claim's file as it was found.
  struct Found {
    let bytes: Data
    /// Nanoseconds since 1970, by the file system's clock.
    let beat: Int64
    let identity: stat

    /// - Returns: nil if there is none.
    /// - Throws: `UnwritableFile`, for a folder that cannot be looked into cannot be written either.
    init?(_ path: String) throws(UnwritableFile) {
      // Opened each time: on NFS that is what asks the server.
      let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard file >= 0 else {
        if errno == ENOENT { return nil }
        throw UnwritableFile(path: path, code: errno)
      }
      defer { close(file) }
      var status = stat()
      guard fstat(file, &status) == 0 else { throw UnwritableFile(path: path, code: errno) }
      identity = status
      beat = status.st_mtim.nanoseconds
      bytes =
        (try? FileHandle(fileDescriptor: file, closeOnDealloc: false).read(upToCount: 1 << 16)) ?? Data()
    }

    /// nil: it has not been written yet, or by something else.
    var holder: Holder? { try? JSONDecoder().decode(Holder.self, from: bytes) }

    /// Whether nobody stands behind it: a process of this host that has ended, or one that holds another folder, of
    /// which this is a copy.
    func isLeftover(at path: String) -> Bool {
      guard let holder else { return false }
      if holder.process.isRunning == false { return true }
      let original = try? Found("\(holder.folder)/\(FolderClaim.fileName)")
      guard let original, original.holder == holder else { return false }
      return original.identity.st_dev != identity.st_dev || original.identity.st_ino != identity.st_ino
    }
  }

  /// A claim of somebody who cannot be seen, from the first look at it.
  private struct Watch {
    let found: Found
    private let ageAtFirst: Duration
    private let begin = ContinuousClock.now

    init(_ found: Found, folder: String, token: String) throws(UnwritableFile) {
      self.found = found
      let now = try FolderClaim.time(in: folder, token: token) ?? found.beat
      ageAtFirst = .nanoseconds(max(0, now - found.beat))
    }

    /// Since the last heartbeat.
    var age: Duration { ageAtFirst + (ContinuousClock.now - begin) }
  }

  /// What time it is where a folder lies, which a file tells that is made there now.
  ///
  /// - Returns: Nanoseconds since 1970; nil: the file is not there any more.
  static func time(in folder: String, token: String) throws(UnwritableFile) -> Int64? {
    let probe = "\(folder)/.tmp-\(token)"
    try DurableFiles.write(Data(), to: probe)
    defer { unlink(probe) }
    return try Found(probe)?.beat
  }

  private static func create(_ path: String, for holder: Holder) throws(UnwritableFile) -> Bool {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      if errno == EEXIST { return false }
      throw UnwritableFile(path: path, code: errno)
    }
    defer { close(file) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Texts and a whole number always encode.
    guard writeAll(try! encoder.encode(holder), to: file) else {
      let code = errno
      unlink(path)
      throw UnwritableFile(path: path, code: code)
    }
    return true
  }

  /// Removes a claim that nobody stands behind, unless another took its place meanwhile.
  ///
  /// - Returns: Whether it is removed.
  private static func takeAway(_ found: Found, from path: String) -> Bool {
    let aside = "\(path).\(UUID().uuidString)"
    guard rename(path, aside) == 0 else { return false }
    defer { unlink(aside) }
    let isSame = (try? Found(aside))??.bytes == found.bytes
    if !isSame { link(aside, path) }
    return isSame
  }

  private static func missingFolders(_ folder: String) -> [String] {
    var missing: [String] = []
    var path = folder
    while !path.isEmpty, access(path, F_OK) != 0 {
      missing.append(path)
      path = path.parentPath
    }
    return missing
  }

  private static func waiting(for holder: Holder?, in folder: String) -> String {
    "\(folder) was held by \(holder.words); waiting up to two minutes to see whether it is still alive"
  }
}
