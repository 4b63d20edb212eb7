/// Ranks that do not come must not be waited for for ever.
extension Communicator {
  /// Keeps watch over this rank's collectives from now on: where one takes longer than `collectiveTimeout`, a sentence
  /// names the ranks that did not come, and the job ends. Every rank calls it.
  ///
  /// - Parameter folder: Where ranks leave what they do, a file each; made anew by rank 0. A rank that does not see it
  ///   keeps watch as well, but others cannot tell what it does.
  /// - Returns: nil in a world of one, which waits for nobody.
  /// - Throws: `CollectiveError`.
  package func watch(recordingIn folder: String) throws -> RankWatchdog? {
    guard worldSize > 1 else {
      RankRecords(folder: folder).clear()
      return nil
    }
    if rank == 0 { RankRecords(folder: folder).prepare() }
    let hosts = try gatherEach(hostName)
    return RankWatchdog(place, rank: rank, hosts: hosts, limit: collectiveTimeout, folder: folder)
  }
}
