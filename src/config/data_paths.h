#pragma once

#include <string>

// Where things are below the data folder, for the relay and the commands that read beside it.
namespace waypost::config {

struct DataPaths {
  explicit DataPaths(const std::string& data_dir)
      : spool(data_dir + "/spool"),
        keys(data_dir + "/records/keys.db"),
        suppressions(data_dir + "/records/suppressions.db"),
        dmarc(data_dir + "/records/dmarc.db"),
        signing_keys(data_dir + "/keys"),
        events(data_dir + "/records/events"),
        drop(data_dir + "/drop"),
        records(data_dir + "/records"),
        pauses(data_dir + "/pauses.json"),
        asked_limits(data_dir + "/limits.json"),
        quotas(data_dir + "/quotas.json"),
        return_path_key(data_dir + "/return-path.key"),
        checkpoint(data_dir + "/checkpoint"),
        restoring(data_dir + "/restoring"),
        control_socket(data_dir + "/control.sock") {}

  std::string spool;
  std::string keys;
  std::string suppressions;
  std::string dmarc;         // what receivers report about mail in our name
  std::string signing_keys;  // the sending domains and their DKIM keys
  std::string events;
  std::string drop;  // mail that was left while no relay ran, or by users of this machine
  std::string records;
  std::string pauses;           // those of people that last over a restart
  std::string asked_limits;     // likewise
  std::string quotas;           // what sites got, against their limits a minute, an hour and a day
  std::string return_path_key;  // with which the addresses of [[return_path]] are made
  std::string checkpoint;       // of the spool, while a backup is made
  std::string restoring;        // while `waypost restore` is not done
  std::string control_socket;
};

}  // namespace waypost::config
