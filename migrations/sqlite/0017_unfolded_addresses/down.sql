DROP TABLE unfolded_addresses;
