warren_fuzz(pcapng LIBRARIES warren_lab_report)
